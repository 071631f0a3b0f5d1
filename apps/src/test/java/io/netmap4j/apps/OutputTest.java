package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Nobody takes what a command writes. Only a process has such a standard output. */
@Timeout(120)
class OutputTest {
  private static final File FULL = new File("/dev/full");

  @TempDir Path folder;

  private ProcessBuilder command(String... args) {
    return new ProcessBuilder(JavaCommand.of(Main.class, args));
  }

  private static int code(Process process) throws InterruptedException {
    boolean ended = process.waitFor(60, TimeUnit.SECONDS);
    process.destroyForcibly();
    assertThat(ended).as("it ends by itself").isTrue();
    return process.exitValue();
  }

  /** As {@code | head -1}, and as {@code 2>&1 | head -1}. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "dump -i fake1",
        "pkt-gen -i fake1 -f rx -T 20",
      })
  void aReaderThatIsGoneEndsTheCommandAndItsSiblings(String first) throws Exception {
    Path errors = folder.resolve("err");
    ProcessBuilder builder = command("run", first, "pkt-gen -i fake0 -f tx -R 2K -T 60000");
    if (first.startsWith("pkt-gen")) {
      builder.redirectErrorStream(true);
    } else {
      builder.redirectError(errors.toFile());
    }
    Process process = builder.start();
    try (BufferedReader reader = process.inputReader()) {
      for (int i = 0; i < 3; i++) { // two are the sender's, who says what it is about to do
        assertThat(reader.readLine()).isNotBlank();
      }
    }
    assertThat(code(process)).isEqualTo(Main.FAILED);
    if (Files.exists(errors)) {
      assertThat(Files.readString(errors))
          .containsPattern("[1-9]\\d* packets, \\d+ bytes received on fake1")
          .doesNotContain("netmap4j:")
          .doesNotContain("Exception");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"pkt-gen -i fake0 -f tx -n 10", "devices", "--help"})
  void totalsThatCannotBeWrittenAreAFailure(String command) throws Exception {
    assumeTrue(FULL.exists(), "skipped: there is no /dev/full");
    Path errors = folder.resolve("err");
    Process process =
        command(command.split(" ")).redirectOutput(FULL).redirectError(errors.toFile()).start();
    assertThat(code(process)).isEqualTo(Main.FAILED);
    assertThat(Files.readString(errors))
        .isEqualTo("netmap4j: standard output: No space left on device" + System.lineSeparator());
  }

  /** As the launcher opens a closed one: the wrong way round. */
  @ParameterizedTest
  @CsvSource({
    "devices, standard output: it is closed",
    "replay -i fake0 -r -, standard input: it is closed"
  })
  void aClosedStreamIsNamed(String line, String message) throws Exception {
    List<String> words = new ArrayList<>(List.of("sh", "-c"));
    words.add("exec \"$@\" 0>/dev/null 1</dev/null");
    words.add("sh");
    words.addAll(JavaCommand.of(Main.class, line.split(" ")));
    Path errors = folder.resolve("err");
    assertThat(code(new ProcessBuilder(words).redirectError(errors.toFile()).start()))
        .isEqualTo(Main.FAILED);
    assertThat(Files.readString(errors)).contains("netmap4j: " + message);
  }

  @Test
  void errorsThatCannotBeWrittenLeaveTheirExitCode() throws Exception {
    assumeTrue(FULL.exists(), "skipped: there is no /dev/full");
    assertThat(code(command("pkt-gen").redirectError(FULL).start())).isEqualTo(Main.USAGE);
  }
}
