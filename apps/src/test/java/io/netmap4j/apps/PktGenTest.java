package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.apps.traffic.Stop;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** pkt-gen on two fake cards with a cable between them; RX ring i hears TX ring i. */
@Timeout(60)
class PktGenTest {
  @ParameterizedTest
  @CsvSource({"60, 1", "1514, 1", "5000, 1", "60, 3"})
  void pktGenSendsAndReceivesWhatItSays(int size, int threads) {
    String nic = " --nic mtu=5000,rings=" + threads;
    Command run =
        Command.run(
            "run",
            "pkt-gen -i fake1 -f rx -n 9999 -p " + threads + nic,
            "pkt-gen -i netmap:fake0 -f tx -n 9999 -b 100 -l " + size + " -p " + threads + nic);
    assertThat(run.err()).doesNotContain("netmap4j:");
    assertThat(run.code()).isZero();
    assertThat(run.out())
        .contains("Sent 9999 packets " + 9999L * size + " bytes")
        .contains("Received 9999 packets " + 9999L * size + " bytes")
        .contains("events " + size + " bytes each in");
  }

  @Test
  void aRateIsKept() {
    long begin = System.nanoTime();
    Command run =
        Command.run(
            "run",
            "pkt-gen -i fake1 -f rx -n 2000 -T 100",
            "pkt-gen -i fake0 -f tx -n 2000 -R 4K -T 100");
    double seconds = (System.nanoTime() - begin) / 1e9;
    assertThat(run.out()).contains("Sent 2000 packets");
    assertThat(seconds).as("2000 packets at 4000 a second").isGreaterThan(0.4);
    assertThat(run.err()).contains("main_thread [2639] ").contains(" avg_batch ");
  }

  /**
   * On a busy machine one may take the second that makes it lost. The card pads frames to 60 bytes.
   * The rate makes it last longer than a report's interval.
   */
  @ParameterizedTest
  @CsvSource({"60, rings=1", "54, rings=2", "5000, 'mtu=9000,rings=2'"})
  void everyPingComesBackAndTheTimesAreThere(int size, String nic) {
    Command run =
        Command.run(
            "run",
            "pkt-gen -i netmap:model1 -f pong -n 300 --nic " + nic,
            "pkt-gen -i netmap:model0 -f ping -n 300 -R 1K -T 20 -l " + size + " --nic " + nic);
    assertThat(run.err()).doesNotContain("netmap4j:");
    assertThat(run.code()).isZero();
    assertThat(run.out())
        .contains("Answered 300 packets " + 300L * Math.max(60, size) + " bytes")
        .containsPattern(
            "Sent 300 pings of "
                + size
                + " bytes: (300 came back, 0|299 came back, 1|298 came back, 2) lost\\.")
        .containsPattern(
            "RTT over (300|299|298) packets: min [1-9]\\d* av \\d+ p50 \\d+ p99 \\d+ max \\d+ ns");
    assertThat(run.err()).containsPattern("count [1-9]\\d* RTT: min [1-9]\\d* av \\d+ ns\\R");
    assertThat(times(run.out())).isSorted();
  }

  /** min p50 p99 max */
  private static List<Long> times(String out) {
    Matcher m = Pattern.compile("min (\\d+) av \\d+ p50 (\\d+) p99 (\\d+) max (\\d+)").matcher(out);
    assertThat(m.find()).isTrue();
    return IntStream.rangeClosed(1, 4).mapToObj(i -> Long.valueOf(m.group(i))).toList();
  }

  @Test
  void pingsKeepToARateAndPongEndsInSilence() {
    long begin = System.nanoTime();
    Command run =
        Command.run(
            "run",
            "pkt-gen -i netmap:model1 -f pong -W",
            "pkt-gen -i netmap:model0 -f ping -n 20 -R 40");
    double seconds = (System.nanoTime() - begin) / 1e9;
    assertThat(run.code()).isZero();
    assertThat(run.out())
        .contains("Sent 20 pings of 60 bytes: 20 came back, 0 lost.")
        .contains("Answered 20 packets");
    assertThat(seconds).as("19 gaps of 25 ms, and the silence").isGreaterThan(0.475 + 1);
  }

  @Test
  void pingsWithoutAnAnswerAreLostAndSaidSo() {
    Command run =
        Command.run(
            "run",
            "pkt-gen -i netmap:model1 -f rx -n 2",
            "pkt-gen -i netmap:model0 -f ping -n 2 -T 100");
    assertThat(run.code()).isEqualTo(Main.FAILED);
    assertThat(run.out()).contains("Sent 2 pings of 60 bytes: 0 came back, 2 lost.");
    assertThat(run.err())
        .contains("count 0 RTT: min 0 av 0 ns, 1 lost")
        .contains("netmap:model0: no ping came back within a second: link up")
        .contains("-f pong");
  }

  @Test
  void pongExchangesAddressesAndNothingElse() throws Exception {
    CompletableFuture<Command> pong =
        CompletableFuture.supplyAsync(
            () -> Command.run("pkt-gen", "-i", "model1", "-f", "pong", "-n", "2"));
    byte[] request = new byte[60];
    new Random(3).nextBytes(request);
    request[0] = 0x02;
    request[6] = 0x04;
    request[12] = 0x08;
    request[13] = 0x00;
    byte[] toAll = request.clone();
    Arrays.fill(toAll, 0, 6, (byte) 0xff);
    try (NetmapPort port = Netmap.open("netmap:model0");
        NetmapPort peer = Netmap.open("netmap:model1/T")) {
      byte[] reply = exchange(port, request);
      assertThat(part(reply, 0, 6)).isEqualTo(part(request, 6, 6));
      assertThat(part(reply, 6, 6)).isEqualTo(part(request, 0, 6));
      assertThat(part(reply, 26, 4)).isEqualTo(part(request, 30, 4));
      assertThat(part(reply, 30, 4)).isEqualTo(part(request, 26, 4));
      assertThat(part(reply, 12, 14)).isEqualTo(part(request, 12, 14));
      assertThat(part(reply, 34, 26)).isEqualTo(part(request, 34, 26));
      byte[] second = exchange(port, toAll);
      assertThat(part(second, 0, 6)).isEqualTo(part(request, 6, 6));
      assertThat(part(second, 6, 6)).isEqualTo(peer.nic().macAddress());
    }
    assertThat(pong.get().code()).isZero();
  }

  private static byte[] part(byte[] of, int from, int length) {
    return Arrays.copyOfRange(of, from, from + length);
  }

  /** Sends one frame, and waits for one. */
  private static byte[] exchange(NetmapPort port, byte[] frame) {
    NetmapRing tx = port.tx(0);
    tx.put(tx.head(), frame);
    tx.advance(tx.next(tx.head()));
    port.txSync();
    assertThat(port.poll(NetmapPort.POLLIN, 20_000)).isEqualTo(NetmapPort.POLLIN);
    NetmapRing rx = port.rx(0);
    byte[] reply = rx.get(rx.head());
    rx.advance(rx.next(rx.head()));
    return reply;
  }

  @ParameterizedTest
  @CsvSource({
    "tx, 1519, mtu=1500",
    "tx, 65520, mtu=1500",
    "ping, 9019, mtu=9000",
    "tx, 9000, mtu=1500"
  })
  void whatIsLongerThanTheMtuIsNotSent(String function, int size, String nic) {
    try (NetmapPort peer = Netmap.open("netmap:model1")) {
      Command run =
          Command.run(
              "pkt-gen", "-i", "model0", "-f", function, "-l", "" + size, "-n", "10", "--nic", nic);
      assertThat(run.code()).isEqualTo(Main.FAILED);
      assertThat(run.err()).contains("-l " + size).contains("is too long for model0: it sends");
      assertThat(peer.poll(NetmapPort.POLLIN, 200)).as("nothing on the wire").isZero();
    }
  }

  /** Frames that the ring has no room for would be waited for without end. */
  @ParameterizedTest
  @ValueSource(strings = {"tx", "ping"})
  void aPacketOfMoreSlotsThanTheRingHasIsRefused(String function) {
    Command run =
        Command.run(
            "pkt-gen",
            "-i",
            "fake0",
            "-f",
            function,
            "-l",
            "20000",
            "-n",
            "1",
            "--nic",
            "mtu=65500,slots=8");
    assertThat(run.code()).isEqualTo(Main.FAILED);
    assertThat(run.err()).contains("-l 20000 (10 slots) is too long for fake0");
  }

  /** One packet between two syncs: too slow for who sends without regard to it. */
  @Test
  void theTotalsOfAReceiverShowWhatTheCardDropped() throws Exception {
    Stop stop = new Stop();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream text = new PrintStream(out, true, StandardCharsets.UTF_8);
    Main receiver = new Main(stop, text, text);
    CompletableFuture<Integer> rx =
        CompletableFuture.supplyAsync(
            () -> receiver.run("pkt-gen", "-i", "model1", "-f", "rx", "-b", "1"));
    assertThat(receiver.awaitReady(60)).isTrue(); // what is dropped from here on counts
    long dropped = 0;
    try (NetmapPort tx = Netmap.open("netmap:model0");
        NetmapPort peer = Netmap.open("netmap:model1/T")) {
      long before = peer.counters().get("QPRDC");
      long deadline = System.nanoTime() + 40_000_000_000L;
      while (dropped == 0 && System.nanoTime() < deadline) {
        NetmapRing ring = tx.tx(0);
        for (int space = ring.space(); space > 0; space--) {
          ring.lenAndFlags(ring.head(), 60, 0);
          ring.advance(ring.next(ring.head()));
        }
        tx.txSync();
        dropped = peer.counters().get("QPRDC") - before;
      }
      tx.drain(10_000);
      stop.request();
      assertThat(rx.get()).isEqualTo(Main.OK);
      assertThat(out.toString(StandardCharsets.UTF_8))
          .containsPattern(
              "model1: the card dropped [1-9]\\d* packets: [1-9]\\d* for full rings \\(QPRDC\\)");
    }
    assertThat(dropped).isPositive();
  }

  @Test
  void threadsShareALowRate() {
    long begin = System.nanoTime();
    Command run =
        Command.run(
            "pkt-gen", "-i", "fake0", "-f", "tx", "-p", "4", "-R", "4", "-n", "8", "--nic",
            "rings=4");
    assertThat(run.out()).contains("Sent 8 packets");
    assertThat((System.nanoTime() - begin) / 1e9).as("7 gaps of 0.25 s").isGreaterThan(1.7);
  }
}
