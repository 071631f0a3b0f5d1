package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class CompletionTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "dum, dump",
    "nic, nic-model",
    "dump --for, --format",
    "replay --max, --max-gap",
    "dump --nothing-like-that,''"
  })
  void bashCompletesCommandsAndOptions(String line, String completed) throws Exception {
    Command run = Command.run("completion");
    assertThat(run.code()).isZero();
    Path script = Files.writeString(folder.resolve("script"), run.out());
    String words =
        "source '"
            + script
            + "'; complete -p netmap4j >&2 || exit 1;"
            + " COMP_WORDS=(netmap4j "
            + line
            + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1));"
            + " _complete_netmap4j; echo \"${COMPREPLY[@]}\"";
    Process bash = new ProcessBuilder("bash", "-c", words).start();
    String said = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(bash.waitFor()).isZero();
    assertThat(said.strip()).isEqualTo(completed);
  }
}
