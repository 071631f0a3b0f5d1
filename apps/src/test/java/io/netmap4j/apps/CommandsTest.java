package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.apps.traffic.Stop;
import io.netmap4j.frames.PcapReader;
import io.netmap4j.frames.PcapWriter;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands on two fake cards with a cable between them; RX ring i hears TX ring i. */
@Timeout(60)
class CommandsTest {
  @TempDir Path folder;

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

  @Test
  void whatReplaySendsDumpRecordsByteForByte() throws Exception {
    Path in = folder.resolve("in.pcap");
    Path out = folder.resolve("out.pcap");
    Random random = new Random(1);
    List<byte[]> frames = new ArrayList<>();
    try (PcapWriter writer = PcapWriter.create(in)) {
      for (int i = 0; i < 700; i++) {
        byte[] frame =
            new byte[i % 10 == 0 ? 2048 * (1 + i / 10 % 4) + i % 3 - 1 : 60 + random.nextInt(1454)];
        random.nextBytes(frame);
        frames.add(frame);
        writer.write(1_000_000_000L + i * 100_000L, frame);
      }
    }
    Command run =
        Command.run(
            "run",
            "dump -i netmap:fake1 -c 1400 -w '" + out + "'",
            "replay -i fake0 --loop 2 -r \"" + in + "\"");
    assertThat(run.err()).contains("1400 packets");
    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("Sent 1400 packets");
    try (PcapReader reader = PcapReader.open(out)) {
      for (int i = 0; i < 1400; i++) {
        assertThat(reader.next()).isTrue();
        assertThat(reader.bytes()).as("frame %d", i).isEqualTo(frames.get(i % 700));
      }
      assertThat(reader.next()).isFalse();
    }
  }

  @Test
  void dumpPrintsALineForEachPacketAndCutsThemInFiles() throws Exception {
    Command text =
        Command.run(
            "run", "dump -i fake1 -c 2", "pkt-gen -i fake0 -f tx -n 2 -S 02:00:00:00:00:07");
    assertThat(text.out())
        .containsPattern(
            "\\d\\d:\\d\\d:\\d\\d\\.\\d{6} 02:00:00:00:00:07 > ff:ff:ff:ff:ff:ff IPv4 10\\.0\\.0\\.1:1234 >"
                + " 10\\.1\\.0\\.1:1234 UDP, length 60");
    Path out = folder.resolve("cut.pcap");
    Command.run("run", "dump -i fake1 -c 2 -s 14 -w " + out, "pkt-gen -i fake0 -f tx -n 2");
    try (PcapReader reader = PcapReader.open(out)) {
      assertThat(reader.next()).isTrue();
      assertThat(reader.length()).isEqualTo(14);
    }
  }

  @ParameterizedTest
  @CsvSource({"''", "-c"})
  void bridgeForwardsWholePacketsBothWays(String option) throws Exception {
    Stop stop = new Stop();
    CompletableFuture<Command> bridge =
        CompletableFuture.supplyAsync(
            () ->
                option.isEmpty()
                    ? Command.run(stop, "bridge", "-i", "fake0", "-i", "fake1", "-b", "3")
                    : Command.run(stop, "bridge", "-i", "fake0", "-i", "fake1", "-b", "3", option));
    // fake0's frames arrive at fake1, whose frames the bridge sends back on fake0: they go round
    // for ever
    try (NetmapPort inject = Netmap.open("netmap:fake0/T")) {
      inject.tx(0).put(0, new byte[30]);
      inject.tx(0).lenAndFlags(0, 30, Netmap.NS_MOREFRAG);
      inject.tx(0).put(1, new byte[] {4});
      inject.tx(0).advance(2);
      long before = inject.counters().get("slots_sent");
      inject.txSync();
      long deadline = System.nanoTime() + 30_000_000_000L;
      while (inject.counters().get("slots_sent") < before + 6 && System.nanoTime() < deadline) {
        Thread.sleep(10);
      }
    }
    stop.request();
    Command end = bridge.get();
    assertThat(end.err()).doesNotContain("netmap4j:");
    assertThat(end.code()).isZero();
    assertThat(end.out()).containsPattern("fake1 -> fake0: [1-9]\\d* packets");
  }

  /** A file of settings, for the commands of this process. */
  private void configured(String text, Callable<Void> body) throws Exception {
    Path file = Files.writeString(folder.resolve("netmap4j.properties"), text);
    System.setProperty("netmap4j.config", file.toString());
    try {
      body.call();
    } finally {
      System.clearProperty("netmap4j.config");
    }
  }

  @Test
  void anAliasOfAPortIsThatPort() throws Exception {
    configured(
        "nic.other = fake:0\n",
        () -> {
          Command bridge = Command.run("bridge", "-i", "fake0", "-i", "other");
          assertThat(bridge.code()).isEqualTo(Main.USAGE);
          assertThat(bridge.err()).contains("fake0 and other are the same rings");
          return null;
        });
  }

  @Test
  void aBridgeBetweenUnequalMtusIsRefusedOrDropsAndCounts() throws Exception {
    configured(
        "nic.fake0.mtu = 9000\nnic.fake1.mtu = 1500\n",
        () -> {
          Command refused = Command.run("bridge", "-i", "fake0", "-i", "fake1");
          assertThat(refused.code()).isEqualTo(Main.USAGE);
          assertThat(refused.err())
              .contains("fake0 sends frames of up to 9018 bytes and fake1 of up to 1518");
          Stop stop = new Stop();
          CompletableFuture<Command> bridge =
              CompletableFuture.supplyAsync(
                  () ->
                      Command.run(stop, "bridge", "-i", "fake0", "-i", "fake1", "--drop-too-long"));
          while (!Netmap.isOpen("netmap:fake1") && !bridge.isDone()) {
            Thread.sleep(10);
          }
          try (NetmapPort inject = Netmap.open("netmap:fake1/T")) {
            for (int length : new int[] {1519, 13, 1518, 2000}) {
              inject.tx(0).put(inject.tx(0).head(), new byte[length]);
              inject.tx(0).advance(inject.tx(0).next(inject.tx(0).head()));
            }
            long before = inject.counters().get("slots_sent");
            inject.txSync();
            // The good one goes round for ever.
            long deadline = System.nanoTime() + 30_000_000_000L;
            while (inject.counters().get("slots_sent") < before + 6
                && System.nanoTime() < deadline) {
              Thread.sleep(10);
            }
          }
          stop.request();
          Command end = bridge.get();
          assertThat(end.out())
              .containsPattern(
                  "fake0 -> fake1: [1-9]\\d* packets, dropped: 2 too long, 1 too short")
              .containsPattern("fake1 -> fake0: 0 packets\\R");
          assertThat(end.err()).contains("fake1: 2 too long, 1 too short, not sent");
          assertThat(end.code()).isEqualTo(Main.FAILED);
          return null;
        });
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

  @Test
  void whenOneCommandFailsTheOthersEndWithTheirTotals() {
    Command run =
        Command.run("run", "pkt-gen -i fake1 -f rx", "bridge -i fake0 -i model0", "dump -i eth9");
    assertThat(run.code()).isEqualTo(Main.FAILED);
    assertThat(run.out()).contains("Received nothing.").contains("fake0 -> model0: 0 packets");
    assertThat(run.err().lines().filter(l -> l.startsWith("netmap4j:"))).hasSize(1);
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

  @Test
  void devicesListsNamesIdsAndWhatIsMissing() {
    Command devices = Command.run("devices");
    assertThat(devices.code()).isZero();
    assertThat(devices.out().lines().findFirst().orElseThrow())
        .matches("PORT +DEVICE +ID +DRIVER +BOUND TO +NOTE");
    assertThat(devices.out())
        .containsPattern("netmap:fake0 +fake:0 +1234:0001 +fakedriver +fake +for tests")
        .contains("fake:0000:03:00.1: bound to ixgbe: unbind it");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "pkt-gen | Missing required option: '-i=PORT'",
        "pkt-gen -i fake0 -f txseq | -f txseq: known functions are tx, rx, ping and pong",
        "pkt-gen -i fake0 -f ping -l 53 | -l 53 is too short for a ping: its number and time need 54",
        "pkt-gen -i fake0 -f pong -p 2 | -p 2: ping and pong have one thread",
        "pkt-gen -i fake0/R -f ping | pkt-gen needs TX rings, and fake0/R has none",
        "pkt-gen -i fake0/R -f tx | pkt-gen needs TX rings, and fake0/R has none",
        "pkt-gen -i fake0/R -f pong | pkt-gen needs TX rings, and fake0/R has none",
        "pkt-gen -i fake0/T -f rx | pkt-gen needs RX rings, and fake0/T has none",
        "pkt-gen -i fake0/T -f rx -p 2 | pkt-gen needs RX rings, and fake0/T has none",
        "pkt-gen -i fake0/RT -f rx | pkt-gen needs RX rings, and fake0/RT has none",
        "pkt-gen -i netmap:fake0-0/T | pkt-gen needs RX rings, and netmap:fake0-0/T has none",
        "bridge -i fake0/R -i fake1/R | bridge needs TX rings, and fake0/R has none",
        "bridge -i fake0 -i fake1/T | bridge needs RX rings, and fake1/T has none",
        "tap -i fake0/R -t t0 | tap needs TX rings, and fake0/R has none",
        "dump -i fake0/T | dump needs RX rings, and fake0/T has none",
        "replay -i fake0/R -r ../samples/mixed.pcap | replay needs TX rings, and fake0/R has none",
        "pkt-gen -i fake0 -n -5 | '-n': -5 is less than 0",
        "pkt-gen -i fake0 -n 1e3 | '-n': '1e3' is not a whole number",
        "pkt-gen -i fake0 -b 0 | '-b': 0 is out of range: 1 to",
        "pkt-gen -i fake0 -p 99999999999999999999 | is out of range: 1 to",
        "pkt-gen -i fake0 -w -1 | '-w': -1 is out of range: 0 to",
        "pkt-gen -i fake0 --wait-link -1 | '--wait-link': -1 is out of range: 0 to",
        "pkt-gen -i fake0 -T 0 | '-T': 0 is out of range: 1 to",
        "pkt-gen -i fake0 -S 02:00:00:00:00:000 | '02:00:00:00:00:000' is no MAC address",
        "pkt-gen -i fake0 --nic turbo=on | --nic: unknown key 'turbo'",
        "tap -i fake0 -t a%d | 'a%d' cannot be an interface's name",
        "tap -i fake0 -t sixteen-letters- | cannot be an interface's name",
        "pkt-gen -i fake0 -l 41 | -l 41 is out of range: 42 to 65520",
        "pkt-gen -i fake0 -R 1Q | '1Q' is no rate",
        "pkt-gen -i fake0 -D 1:2 | '1:2' is no MAC address",
        "pkt-gen -i fake0 -s 10.0.0 | '10.0.0' is not ip",
        "pkt-gen -i fake0 -p 2 | -p 2: fake0 has 1 rx rings; --nic rings=2",
        "pkt-gen -i fake0 -p 100000 | -p 100000: fake0 has 1 rx rings; a card has at most 16, with --nic rings=16",
        "pkt-gen -i fake0 --nic drop=maybe | --nic: drop = 'maybe' is neither true",
        "nic-model -s /none --mac=zz | '--mac': 'zz' is no MAC address",
        "nic-model -s /none --mac=02:00:00:00:00:000 | '02:00:00:00:00:000' is no MAC address",
        "nic-model -s /none --mac=03:00:00:00:00:01 | --mac 03:00:00:00:00:01: not a unicast MAC address",
        "nic-model -s /none --device-id 1234567 | '--device-id': 1234567 is out of range: 0 to ffff, in hex",
        "nic-model -s /none --device-id zz | '--device-id': 'zz' is not a number in hex",
        "nic-model -s /none --wire tap:t0,mtu=abc | --wire tap: mtu= 'abc' is not a whole number",
        "nic-model -s /none --wire tap:t0,mtu=9 | --wire tap: mtu= 9 is out of range: 68 to 65521",
        "nic-model -s /none --wire tap:t0,mac=zz | --wire tap: mac= 'zz' is no MAC address",
        "nic-model -s /none --wire tap:t0,mac=ff:ff:ff:ff:ff:ff | mac=ff:ff:ff:ff:ff:ff is a group's address",
        "pkt-gen -i fake0-1 -p 2 | -p 2 needs every ring",
        "bridge -i fake0 | bridge needs two different ports",
        "bridge -i fake0 -i fake1 -b 0 | '-b': 0 is out of range",
        "bridge -i fake0 -i fake0 | fake0 and fake0 are the same rings",
        "bridge -i fake0 -i netmap:fake0 | fake0 and netmap:fake0 are the same rings",
        "bridge -i fake0-0 -i fake0 | fake0-0 and fake0 are the same rings",
        "demo --seconds 1Q | '--seconds': '1Q' is not a whole number",
        "replay -i fake0 -r x --rate fast | --rate 'fast' is no rate",
        "run 'dump | a quote is not closed",
        "nonsense | Unmatched argument",
        "demo --rings 17 | out of range",
      })
  void wrongUsageIsExplainedInOneLine(String line, String message) {
    String[] words = line.split(" ");
    Command run =
        Command.run(line.startsWith("run ") ? new String[] {"run", line.substring(4)} : words);
    assertThat(run.err()).startsWith("netmap4j: ").contains(message).contains("See netmap4j");
    assertThat(run.code()).isEqualTo(Main.USAGE);
  }

  @Test
  void failuresAreOneLineAndAStackTraceOnlyWhenAskedFor() {
    Command run = Command.run("dump", "-i", "eth9");
    assertThat(run.code()).isEqualTo(Main.FAILED);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).startsWith("netmap4j: netmap:eth9: no such port; known names: ");
    assertThat(Command.run("-v", "dump", "-i", "eth9").err()).contains("at io.netmap4j.");
    assertThat(Command.run("dump", "-i", "eth9-x").err())
        .startsWith("netmap4j: eth9-x: got 'x' while expecting a number");
    assertThat(Command.run("replay", "-i", "fake0", "-r", "/none.pcap").err())
        .isEqualTo("netmap4j: /none.pcap: no such file or folder" + System.lineSeparator());
    assertThat(Command.run("run", "dump -i eth9", "devices").code()).isEqualTo(Main.FAILED);
  }

  /** Names of ports are looked for among interfaces; not all of them can be there. */
  @ParameterizedTest
  @ValueSource(strings = {"\ud800", "a\u0000b", "..", "a\nb"})
  void whatCannotBeANameIsOneLine(String name) {
    Command run = Command.run("dump", "-i", name);
    assertThat(run.code()).isEqualTo(Main.FAILED);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).startsWith("netmap4j: ").doesNotContain("Exception");
  }

  @ParameterizedTest
  @CsvSource({"demo", "pkt-gen", "bridge", "tap", "dump", "replay", "run", "devices", "nic-model"})
  void everyCommandHasHelpWithAnExample(String command) {
    Command help = Command.run(command, "--help");
    assertThat(help.code()).isZero();
    assertThat(help.out()).contains("Example").contains("netmap4j " + command);
  }
}
