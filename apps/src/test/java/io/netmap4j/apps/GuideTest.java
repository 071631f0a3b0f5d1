package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every command of docs/get-started.md, as a reader types it, in the repository's folder. */
@Tag("once")
@Timeout(120)
class GuideTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");
  private static final String COMMAND = "    ./netmap4j ";

  @TempDir Path folder;

  static Stream<String> commands() throws Exception {
    List<String> commands =
        Files.readAllLines(ROOT.resolve("docs/get-started.md")).stream()
            .filter(line -> line.startsWith(COMMAND))
            .toList();
    assertThat(commands).hasSizeGreaterThan(4);
    return commands.stream();
  }

  @ParameterizedTest
  @MethodSource("commands")
  void works(String line) throws Exception {
    List<String> words = new ArrayList<>();
    Matcher word = WORD.matcher(line.substring(COMMAND.length()));
    while (word.find()) {
      String text = word.group(1) == null ? word.group(2) : word.group(1);
      words.add(text.replace("/tmp/", folder + "/"));
    }
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(JavaCommand.of(Main.class, words.toArray(String[]::new)))
            .directory(ROOT.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      boolean ended = process.waitFor(100, TimeUnit.SECONDS);
      assertThat(ended).as("%s: %s", line, Files.readString(output)).isTrue();
      assertThat(process.exitValue()).as("%s: %s", line, Files.readString(output)).isZero();
    } finally {
      process.destroyForcibly();
    }
  }
}
