package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.apps.traffic.Stop;
import io.netmap4j.common.NicOptions;
import io.netmap4j.frames.PcapReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.FutureTask;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A monitor beside a program that uses a busy card. */
@Timeout(60)
class MonitorTest {
  private static final int FRAMES = Integer.getInteger("netmap4j.monitor.frames", 5000);
  private static final int LENGTH = 200;

  @TempDir Path folder;

  /** The port receives everything; what the file lacks, the monitor has counted as lost. */
  @ParameterizedTest
  @ValueSource(strings = {"model1/r", "model1/z", "model0/t"})
  void dumpRecordsABusyPortThatLosesNothing(String monitor) throws Exception {
    Path file = folder.resolve("out.pcap");
    NetmapPort.Request request =
        NetmapPort.Request.DEFAULT.nic(NicOptions.DEFAULT.dropWhenFull(false));
    Command dump;
    try (NetmapPort a = Netmap.open("netmap:model0", request);
        NetmapPort b = Netmap.open("netmap:model1", request)) {
      assertThat(a.awaitLink(10_000) && b.awaitLink(10_000)).isTrue();
      Stop stop = new Stop();
      FutureTask<Command> dumping =
          new FutureTask<>(() -> Command.run(stop, "dump", "-i", monitor, "-w", file.toString()));
      Thread thread = new Thread(dumping);
      thread.start();
      while (!Files.exists(file) && !dumping.isDone()) {
        Thread.sleep(1); // it opens the port first
      }
      FutureTask<Integer> receiving = new FutureTask<>(() -> receive(b));
      new Thread(receiving).start();
      send(a);
      assertThat(receiving.get()).as("received by the port").isEqualTo(FRAMES);
      stop.request();
      dump = dumping.get();
      thread.join();
    }
    assertThat(dump.err()).contains("packets, ");
    Matcher lost = Pattern.compile("the monitor lost (\\d+) packets").matcher(dump.err());
    int missing = lost.find() ? Integer.parseInt(lost.group(1)) : 0;
    int recorded = 0;
    int last = -1;
    try (PcapReader reader = PcapReader.open(file)) {
      for (; reader.next(); recorded++) {
        byte[] frame = reader.bytes();
        assertThat(frame).hasSize(LENGTH);
        int number = (frame[14] & 0xff) << 24 | (frame[15] & 0xff) << 16 | (frame[16] & 0xff) << 8;
        number |= frame[17] & 0xff;
        assertThat(number).isGreaterThan(last);
        last = number;
      }
    }
    assertThat(recorded).as("with %d lost", missing).isPositive().isEqualTo(FRAMES - missing);
    assertThat(tshark(file)).isEqualTo(recorded);
  }

  private static long tshark(Path file) throws Exception {
    Path tshark = Path.of("/usr/bin/tshark");
    assumeTrue(Files.isExecutable(tshark), "tshark is not installed: apt-get install tshark");
    Process process =
        new ProcessBuilder(
                tshark.toString(),
                "-r",
                file.toString(),
                "-Y",
                "eth.type == 0x88b5 && frame.len == " + LENGTH,
                "-T",
                "fields",
                "-e",
                "frame.number")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
        .lines()
        .count();
  }

  private static void send(NetmapPort port) {
    NetmapRing tx = port.tx(0);
    for (int number = 0; number < FRAMES; ) {
      port.poll(NetmapPort.POLLOUT, 100);
      for (; !tx.isEmpty() && number < FRAMES; number++) {
        int slot = tx.head();
        tx.putLong(slot, 0, -1L);
        tx.putInt(slot, 8, 1);
        tx.putShort(slot, 12, 0x88b5);
        tx.putInt(slot, 14, number);
        tx.lenAndFlags(slot, LENGTH, 0);
        tx.advance(tx.next(slot));
      }
    }
    assertThat(port.drain(10_000)).isTrue();
  }

  private static int receive(NetmapPort port) {
    NetmapRing rx = port.rx(0);
    int number = 0;
    while (number < FRAMES && port.poll(NetmapPort.POLLIN, 10_000) == NetmapPort.POLLIN) {
      for (; !rx.isEmpty(); rx.advance(rx.next(rx.head()))) {
        assertThat(rx.getInt(rx.head(), 14)).isEqualTo(number++);
      }
    }
    port.rxSync();
    return number;
  }

  @Test
  void inOneRunItEndsWithThePortThatItMonitors() {
    Path file = folder.resolve("run.pcap");
    Command run =
        Command.run(
            "run",
            "pkt-gen -i model1 -f rx -n 300",
            "dump -i netmap:model1/r -w " + file,
            "pkt-gen -i model0 -f tx -n 300 -R 20000");
    assertThat(run.err()).contains("received on netmap:model1/r; ");
    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("Received 300 packets");
  }
}
