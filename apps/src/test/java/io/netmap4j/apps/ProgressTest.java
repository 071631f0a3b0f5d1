package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("once")
@Timeout(120)
class ProgressTest {
  private static final String BAR =
      "(?m)^ *(\\d+)%% \\[=* *\\] \\S+ of %s %s, \\S+/s, [\\d:]+ left$";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "0|100|10|\"  0% [                    ] 0 of 100 x, 10/s, 0:10 left\"",
        "45|100|1|\" 45% [=========           ] 45 of 100 x, 1/s, 0:55 left\"",
        "999999|1000000|0.001|\" 99% [=================== ] 1.00M of 1.00M x, 0.00/s, 0:16:40 left\"",
        "1000|1000|7|\"100% [====================] 1.00k of 1.00k x, 7/s, 0:00 left\"",
        "1|1000000|1|\"  0% [                    ] 1 of 1.00M x, 1/s, 277:46:39 left\"",
        "1|1000|0|\"  0% [                    ] 1 of 1.00k x, 0/s, -:-- left\""
      })
  void saysHowFarAndHowLong(long done, long total, double rate, String text) {
    assertThat(ProgressLine.text(done, total, "x", rate))
        .isEqualTo(text.replace("0:16:40", "16:40"));
  }

  @Test
  void ofSendingOnATerminal() throws Exception {
    try (Tmux tmux =
        Tmux.start(
            folder,
            120,
            30,
            "pkt-gen",
            "-i",
            "netmap:model0",
            "-f",
            "tx",
            "-n",
            "40000",
            "-R",
            "10K",
            "-w",
            "0",
            "-T",
            "500")) {
      String first = tmux.await(String.format(BAR, "40\\.0k", "packets"));
      tmux.await("(?m)^ *[5-9]\\d% \\[");
      String screen = tmux.await("ended 0");
      assertThat(screen).contains("Sent 40000 packets").doesNotContain("% [");
      assertThat(screen.lines().filter(line -> line.startsWith("main_thread")))
          .hasSizeGreaterThan(4);
      System.out.println(first.stripTrailing());
    }
  }

  @Test
  void ofAReplayByBytes() throws Exception {
    try (Tmux tmux =
        Tmux.start(
            folder,
            100,
            24,
            "replay",
            "-i",
            "netmap:model0",
            "-r",
            "../samples/mixed.pcap",
            "--rate",
            "600",
            "--wait-link",
            "0")) {
      tmux.await(String.format(BAR, "2\\.49M", "bytes"));
      tmux.await("(?m)^ *[5-9]\\d% \\[");
      assertThat(tmux.await("ended 0")).contains("Sent 1748 packets").doesNotContain("% [");
    }
  }

  @Test
  void ofTwoPassesWithNmreplay() throws Exception {
    try (Tmux tmux =
        Tmux.start(
            folder,
            100,
            24,
            "nmreplay",
            "-i",
            "netmap:model0",
            "-f",
            "../samples/mixed.pcap",
            "--loop",
            "2",
            "--wait-link",
            "0")) {
      tmux.await(String.format(BAR, "3\\.50k", "packets"));
      assertThat(tmux.await("ended 0")).contains("Sent 3496 packets").doesNotContain("% [");
    }
  }

  @Test
  void ctrlCLeavesTheTotalsAndNoBar() throws Exception {
    try (Tmux tmux =
        Tmux.start(
            folder,
            100,
            24,
            "pkt-gen",
            "-i",
            "netmap:model0",
            "-f",
            "tx",
            "-n",
            "4000000",
            "-R",
            "10K",
            "-w",
            "0")) {
      tmux.await(String.format(BAR, "4\\.00M", "packets"));
      tmux.keys("C-c");
      assertThat(tmux.await("ended 130")).contains("Sent ").doesNotContain("% [");
    }
  }

  /** Two commands would write over each other's. */
  @Test
  void notInARun() throws Exception {
    try (Tmux tmux =
        Tmux.start(
            folder, 120, 30, "run", "pkt-gen -i netmap:model0 -f tx -n 20000 -R 10K -w 0 -T 300")) {
      tmux.await("main_thread");
      for (int i = 0; i < 10; i++) {
        assertThat(tmux.screen()).doesNotContain("% [");
        Thread.sleep(50);
      }
      tmux.await("ended 0");
    }
  }

  @Test
  void notWithoutATerminal() {
    Command tx =
        Command.run("pkt-gen -i netmap:model0 -f tx -n 5000 -R 10K -w 0 -T 100".split(" "));
    assertThat(tx.code()).isZero();
    assertThat(tx.err()).contains("main_thread").doesNotContain("% [").doesNotContain("\u001b");
  }
}
