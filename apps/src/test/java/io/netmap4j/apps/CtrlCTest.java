package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** In a process of its own, as only a process can be interrupted. */
@Timeout(60)
class CtrlCTest {
  @Test
  void totalsArePrintedAndTheProcessEndsSoon() throws Exception {
    List<String> command =
        JavaCommand.of(
            Main.class,
            "run",
            "pkt-gen -i fake1 -f rx -T 100",
            "pkt-gen -i fake0 -f tx -R 10K -T 100");
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    BufferedReader output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    List<String> lines = new ArrayList<>();
    String line = "";
    while (line != null && !line.matches("main_thread.* \\([1-9].*")) {
      line = output.readLine();
      lines.add(line);
    }
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    long begin = System.nanoTime();
    assertThat(process.waitFor(5, TimeUnit.SECONDS)).as("ends in time, after %s", lines).isTrue();
    assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(5));
    assertThat(process.exitValue()).isEqualTo(130);
    String rest = String.join("\n", output.lines().toList());
    assertThat(rest)
        .containsPattern("Sent [1-9]\\d* packets")
        .containsPattern("Received [1-9]\\d* packets");
  }
}
