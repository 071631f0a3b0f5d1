package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the user's machine brings along: a language, a folder for temporary files. */
@Timeout(120)
class SurroundingsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "-Duser.language=ar -Duser.country=EG",
        "-Duser.language=hi -Duser.country=IN -Duser.extensions=u-nu-deva"
      })
  void digitsAreThoseOfAsciiInEveryLanguage(String language) throws Exception {
    try (ChildProcess tap =
        ChildProcess.start(
            Map.of("JAVA_TOOL_OPTIONS", language),
            "tap",
            "-i",
            "model0",
            "-t",
            "t",
            "--mtu",
            "12345")) {
      assertThat(tap.exitCode(60)).isEqualTo(Main.USAGE);
      assertThat(tap.output()).contains("12345").doesNotContainPattern("[\\p{Nd}&&[^0-9]]");
    }
    try (ChildProcess demo =
        ChildProcess.start(
            Map.of("JAVA_TOOL_OPTIONS", language), "demo", "-n", "20000", "--rings", "2")) {
      assertThat(demo.exitCode(60)).as(demo.output()).isZero();
      assertThat(demo.output()).contains("20000").doesNotContainPattern("[\\p{Nd}&&[^0-9]]");
    }
  }

  /** The library runs in programs that keep their user's language. */
  @Test
  void nothingIsFormattedByTheDefaultLocale() throws Exception {
    Pattern format =
        Pattern.compile(
            "(String\\.format|\\bprintf)\\((?!\\s*Locale\\.ROOT)|\\.formatted\\(|to(Upper|Lower)Case\\(\\)");
    List<String> found = new ArrayList<>();
    int read = 0;
    Path root = Path.of(System.getProperty("basedir", "")).toAbsolutePath().getParent();
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file :
          files
              .filter(f -> f.toString().matches("(?!.*/target/).*/src/main/java/.*\\.java"))
              .toList()) {
        read++;
        Matcher m = format.matcher(Files.readString(file));
        while (m.find()) {
          found.add(root.relativize(file) + ": " + m.group());
        }
      }
    }
    assertThat(read).isGreaterThan(100);
    assertThat(found).isEmpty();
  }

  /** Big-endian POWER, and one that nobody has tried. */
  @Test
  void anotherProcessorIsOneLine() throws Exception {
    for (String processor : new String[] {"ppc64", "riscv64"}) {
      for (String command : new String[] {"pkt-gen -i netmap:model0 -f tx -n 1", "demo -n 1"}) {
        try (ChildProcess run =
            ChildProcess.start(
                Map.of("JAVA_TOOL_OPTIONS", "-Dos.arch=" + processor), command.split(" "))) {
          assertThat(run.exitCode(60)).as(run.output()).isEqualTo(Main.FAILED);
          assertThat(run.output().lines().filter(line -> !line.startsWith("Picked up ")))
              .singleElement()
              .asString()
              .startsWith("netmap4j: the processor is not supported: os.arch is " + processor);
        }
      }
    }
  }

  @Test
  void aTemporaryFolderThatCannotBeUsedIsOneLineWithTheWayOut() throws Exception {
    for (String command : new String[] {"pkt-gen -i model0 -f tx -n 1", "demo -n 1"}) {
      try (ChildProcess run =
          ChildProcess.start(
              Map.of("JAVA_TOOL_OPTIONS", "-Djna.tmpdir=/dev/null/no"), command.split(" "))) {
        assertThat(run.exitCode(60)).as(run.output()).isEqualTo(Main.FAILED);
        assertThat(run.output().lines().filter(line -> !line.startsWith("Picked up ")))
            .singleElement()
            .asString()
            .startsWith(
                "netmap4j: JNA cannot load its native library, which makes the system calls: ")
            .contains("/dev/null/no", "NETMAP4J_JAVA_OPTS=-Djna.tmpdir=FOLDER");
      }
    }
  }
}
