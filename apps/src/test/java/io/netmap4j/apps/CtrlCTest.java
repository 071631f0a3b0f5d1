package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.apps.traffic.Stop;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class CtrlCTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"INT, 130", "TERM, 143"})
  void totalsArePrintedOnceAndTheProcessEndsSoon(String signal, int code) throws Exception {
    try (ChildProcess run =
        ChildProcess.start(
            "run", "pkt-gen -i fake1 -f rx -T 100", "pkt-gen -i fake0 -f tx -R 10K -T 100")) {
      run.await("^main_thread.* \\([1-9]", 30);
      run.signal(signal);
      assertThat(run.exitCode(30)).isEqualTo(code);
      assertThat(run.output()).containsOnlyOnce("Sent ").containsOnlyOnce("Received ");
      assertThat(run.output())
          .containsPattern("Sent [1-9]\\d* packets")
          .containsPattern("Received [1-9]\\d* packets");
    }
  }

  @Test
  void whatWaitsForAReaderEndsWithItsTotals() throws Exception {
    Path fifo = fifo();
    try (ChildProcess run = ChildProcess.start("dump", "-i", "fake0", "-w", fifo.toString())) {
      run.await("^Wait for a reader of " + fifo + "$", 30);
      run.interrupt();
      assertThat(run.exitCode(30)).isEqualTo(130);
      assertThat(run.output())
          .contains("0 packets, 0 bytes received on fake0")
          .doesNotContain("netmap4j:");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dump -i fake0 -w FIFO",
        "doctor -o FIFO model0",
        "pkt-gen -i fake0 -f tx -P FIFO",
        "nic-model -s FOLDER/s --trace FIFO",
        "nic-model -s FOLDER/s --dma-pages FIFO",
        "nic-model -s FOLDER/s --wire pcap:FIFO",
        "nic-model -s FOLDER/s --wire pcap:,FIFO",
      })
  void aNamedPipeWithoutAnOtherEndHoldsNoCommandUp(String line) throws Exception {
    String[] words =
        line.replace("FIFO", fifo().toString()).replace("FOLDER", folder.toString()).split(" ");
    Stop stop = new Stop();
    stop.request();
    Command run =
        CompletableFuture.supplyAsync(() -> Command.run(stop, words)).get(30, TimeUnit.SECONDS);
    assertThat(run.err()).doesNotContain("netmap4j:");
    assertThat(run.code()).isZero();
  }

  private Path fifo() throws Exception {
    Path fifo = folder.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    return fifo;
  }
}
