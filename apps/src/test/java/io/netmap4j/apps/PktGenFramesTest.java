package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NicOptions;
import io.netmap4j.frames.PcapReader;
import io.netmap4j.frames.PcapWriter;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What pkt-gen's options do to the frames, seen at the other end of a fake cable, slot by slot, and
 * by tshark.
 */
@Timeout(60)
class PktGenFramesTest {
  private static final NicOptions NIC = NicOptions.DEFAULT.mtu(9000);

  @TempDir Path folder;

  /** A frame, with the lengths of its slots. */
  private record Seen(byte[] bytes, List<Integer> slots) {
    int u16(int at) {
      return ByteBuffer.wrap(bytes).getShort(at) & 0xffff;
    }

    int u32(int at) {
      return ByteBuffer.wrap(bytes).getInt(at);
    }

    long mac(int at) {
      return (long) u16(at) << 32 | u32(at + 2) & 0xffff_ffffL;
    }
  }

  /** Sends with {@code options}, and takes what comes, which is as many as -n says. */
  private static List<Seen> sent(String options) {
    try (NetmapPort rx =
        Netmap.open("netmap:fake1/R", NetmapPort.Request.DEFAULT.nic(NIC.mtu(1500)))) {
      taken(rx); // what others have sent
      String line = "pkt-gen -i fake0 -f tx --nic mtu=9000 " + options;
      Command run = Command.run(line.split(" "));
      assertThat(run.err()).doesNotContain("netmap4j:");
      assertThat(run.code()).isZero();
      List<Seen> all = taken(rx);
      long bytes = all.stream().mapToLong(s -> s.bytes.length).sum();
      assertThat(run.out())
          .contains("Sent " + all.size() + " packets " + bytes + " bytes")
          .startsWith("Sending on netmap:fake0: 1 queues, 1 threads and ");
      return all;
    }
  }

  private static List<Seen> taken(NetmapPort rx) {
    List<Seen> all = new ArrayList<>();
    NetmapRing ring = rx.rx(0);
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    List<Integer> slots = new ArrayList<>();
    for (int space = more(rx); space > 0; space = more(rx)) {
      for (; space > 0; space--) {
        int slot = ring.head();
        frame.writeBytes(ring.get(slot));
        slots.add(ring.len(slot));
        if ((ring.slotFlags(slot) & Netmap.NS_MOREFRAG) == 0) {
          all.add(new Seen(frame.toByteArray(), List.copyOf(slots)));
          frame.reset();
          slots.clear();
        }
        ring.advance(ring.next(slot));
      }
    }
    return all;
  }

  /** Slots are given back by the first sync, and filled by the second. */
  private static int more(NetmapPort rx) {
    rx.rxSync();
    rx.rxSync();
    return rx.rx(0).space();
  }

  private static int sum(byte[] b, int from, int to, int start) {
    long sum = start;
    for (int i = from; i < to; i++) {
      sum += (i - from) % 2 == 0 ? (b[i] & 0xff) << 8 : b[i] & 0xff;
    }
    while (sum > 0xffff) {
      sum = (sum & 0xffff) + (sum >>> 16);
    }
    return (int) sum;
  }

  /** Lengths and checksums, by RFC 768, 791 and 8200. */
  private static void assertWhole(Seen seen) {
    byte[] b = seen.bytes;
    int ip = seen.u16(12) == 0x8100 ? 18 : 14;
    boolean ipv6 = seen.u16(ip - 2) == 0x86dd;
    int udp = ip + (ipv6 ? 40 : 20);
    if (ipv6) {
      assertThat(seen.u16(ip + 4)).isEqualTo(b.length - udp);
    } else {
      assertThat(seen.u16(ip + 2)).isEqualTo(b.length - ip);
      assertThat(sum(b, ip, udp, 0)).as("IPv4 checksum").isEqualTo(0xffff);
    }
    assertThat(seen.u16(udp + 4)).isEqualTo(b.length - udp);
    assertThat(seen.u16(udp + 6)).isNotZero();
    int pseudo = sum(b, ipv6 ? ip + 8 : ip + 12, udp, 17 + b.length - udp);
    assertThat(sum(b, udp, b.length, pseudo)).as("UDP checksum").isEqualTo(0xffff);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-n 700",
        "-n 700 -l 61",
        "-n 50 -l 9000",
        "-n 700 -s 10.0.0.1:1-10.0.0.3:4 -d 10.1.0.1-10.1.0.255",
        "-n 700 -z",
        "-n 700 -Z -l 1514 -l 64",
        "-n 100 -z -Z -l 9000 -l 60",
        "-n 700 -6",
        "-n 700 -6 -z -Z -l 1514 -l 62",
        "-n 700 -6 -s [fd00::ffff]:9-[fd00::1:3]:12 -d 3@fd00::5-fd00:0:0:4::5",
        "-n 700 --vlan 5 -l 1001 -l 46",
        "-n 700 --vlan 4095:7 -6 -l 66",
        "-n 100 -F 3 -l 100 -l 60",
        "-n 100 -F 40 -6 -s fd00::-fd00::ff",
        "-n 100 -M 20 -l 61 -z",
        "-n 700 -e 7 -s 10.0.0.1-10.0.0.9",
        "-n 100 -e 7 -F 2 -z",
        "-n 700 -o 4 -z",
        "-n 700 -o 5632",
        "-n 700 -S 2:0:0:0:0:1-2:0:0:0:0:5",
      })
  void everyFrameIsWhole(String options) {
    List<Seen> all = sent(options);
    assertThat(all).hasSize(Integer.parseInt(options.split(" ")[1]));
    all.forEach(PktGenFramesTest::assertWhole);
  }

  @Test
  void tsharkFindsNothingWrong() throws Exception {
    Path tshark = Path.of("/usr/bin/tshark");
    assumeTrue(Files.isExecutable(tshark), "tshark is not installed: apt-get install tshark");
    Path file = folder.resolve("sent.pcap");
    int frames = 0;
    try (PcapWriter writer = PcapWriter.create(file)) {
      for (String options :
          List.of(
              "-n 20 -z -Z -l 1514 -l 42",
              "-n 20 -6 -z -Z -l 1514 -l 66 --vlan 100:3",
              "-n 20 -F 5 -6 -s fd00::-fd00::f",
              "-n 20 -S 2:0:0:0:0:1-2:0:0:0:0:5 --vlan 7")) {
        for (Seen seen : sent(options)) {
          writer.write(++frames * 1000L, seen.bytes);
        }
      }
    }
    Process process =
        new ProcessBuilder(
                tshark.toString(),
                "-r",
                file.toString(),
                "-o",
                "ip.check_checksum:TRUE",
                "-o",
                "udp.check_checksum:TRUE",
                "-Y",
                "udp.checksum.status == 1 && (ipv6 || ip.checksum.status == 1)",
                "-T",
                "fields",
                "-e",
                "frame.number")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String good = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(good.lines()).as("frames without a fault").hasSize(frames);
    assertThat(frames).isEqualTo(80);
  }

  @Test
  void addressesAndPortsRunThroughTheirRanges() {
    List<Seen> all = sent("-n 9 -6 -s [fd00::fffe]:5-[fd00::1:0]:6 -d 2@fd00::1-fd00:0:1::1");
    List<String> low =
        all.stream().map(s -> Integer.toHexString(s.u32(34)) + ":" + s.u16(54)).toList();
    assertThat(low)
        .containsExactly(
            "fffe:5", "fffe:6", "ffff:5", "ffff:6", "10000:5", "10000:6", "fffe:5", "fffe:6",
            "ffff:5");
    assertThat(all.stream().map(s -> s.u16(42))).containsExactly(0, 0, 0, 0, 0, 0, 1, 1, 1);
    assertThat(all).allMatch(s -> s.u32(50) == 1 && s.u16(38) == 0xfd00);
  }

  @Test
  void macAddressesStepWithEachFrame() {
    List<Seen> all = sent("-n 4 -S 2:0:0:0:0:fe-2:0:0:0:1:0 -D 2:1:1:1:1:1");
    assertThat(all.stream().map(s -> s.mac(6) & 0xffff)).containsExactly(254L, 255L, 256L, 254L);
    assertThat(all).allMatch(s -> s.mac(0) == 0x0201_0101_0101L);
  }

  @Test
  void sizesAreDrawnAnewForEachFrame() {
    List<Seen> all = sent("-n 2000 -l 64 -l 60");
    Set<Integer> sizes = new HashSet<>();
    all.forEach(s -> sizes.add(s.bytes.length));
    assertThat(sizes).containsExactlyInAnyOrder(60, 61, 62, 63);
  }

  @Test
  void randomEndsDiffer() {
    List<Seen> all = sent("-n 100 -z");
    assertThat(all.stream().map(s -> s.u32(26)).distinct().count()).isGreaterThan(90);
    assertThat(all.stream().map(s -> s.u16(34)).distinct().count()).isGreaterThan(90);
    assertThat(all.stream().map(s -> s.u32(30)).distinct().count()).isEqualTo(1);
    List<Seen> other = sent("-n 100 -o 1024");
    assertThat(other.stream().map(s -> s.u32(30)).distinct().count()).isGreaterThan(90);
    assertThat(other.stream().map(s -> s.u32(26)).distinct().count()).isEqualTo(1);
  }

  @Test
  void theTagIsThatOfTheOption() {
    Seen seen = sent("-n 1 --vlan 100:5").get(0);
    assertThat(seen.u16(12)).isEqualTo(0x8100);
    assertThat(seen.u16(14)).isEqualTo(5 << 13 | 100);
    assertThat(seen.u16(16)).isEqualTo(0x0800);
  }

  @ParameterizedTest
  @CsvSource({
    "-F 3 -l 62, '20 20 22'",
    "-M 25 -l 60, '25 25 10'",
    "-F 2 -M 25 -l 60, '25 25 10'",
    "-F 2 -M 2048 -l 4097, '2048 2048 1'",
    "-l 5000, '2112 2112 776'",
    "-F 4 -l 5000, '1250 1250 1250 1250'"
  })
  void framesAreDividedAsAsked(String options, String slots) {
    List<Seen> all = sent("-n 3 " + options);
    assertThat(all).hasSize(3);
    for (Seen seen : all) {
      assertThat(seen.slots)
          .isEqualTo(Arrays.stream(slots.split(" ")).map(Integer::valueOf).toList());
      assertWhole(seen);
    }
  }

  @Test
  void theFirstFrameOfAFileIsSentAsItIs() throws Exception {
    byte[] frame = new byte[3000];
    IntStream.range(0, frame.length).forEach(i -> frame[i] = (byte) (i * 7));
    Path file = folder.resolve("in.pcap");
    try (PcapWriter writer = PcapWriter.create(file)) {
      writer.write(1, frame);
      writer.write(2, new byte[60]);
    }
    List<Seen> all = sent("-n 3 -P " + file);
    assertThat(all).hasSize(3).allMatch(s -> Arrays.equals(s.bytes, frame));
    Path empty = folder.resolve("empty.pcap");
    PcapWriter.create(empty).close();
    Command none = Command.run("pkt-gen", "-i", "fake0", "-f", "tx", "-P", empty.toString());
    assertThat(none.err()).contains(empty + " has no frame");
    assertThat(none.code()).isEqualTo(Main.FAILED);
    try (PcapReader same = PcapReader.open(file)) {
      assertThat(same.next()).isTrue(); // and nothing has written to it
    }
  }

  @Test
  void rubbishIsWhatTheBuffersHold() {
    try (NetmapPort own = Netmap.open("netmap:fake0", NetmapPort.Request.DEFAULT.nic(NIC))) {
      NetmapRing ring = own.tx(0);
      for (int i = 0; i < ring.numSlots(); i++) {
        ring.putInt(i, 0, 0xcafe0000 + i);
      }
      int first = ring.head();
      List<Seen> all = sent("-n 3 -r -l 100");
      for (int i = 0; i < 3; i++) {
        assertThat(all.get(i).bytes).hasSize(100);
        assertThat(all.get(i).u32(0)).isEqualTo(0xcafe0000 + ring.plus(first, i));
      }
    }
  }

  /** A ring that another has written keeps nothing of it. */
  @Test
  void everyBufferOfTheRingIsWrittenFirst() {
    try (NetmapPort own = Netmap.open("netmap:fake0", NetmapPort.Request.DEFAULT.nic(NIC))) {
      for (int i = 0; i < own.tx(0).numSlots(); i++) {
        own.tx(0).putLong(i, 42, -1);
      }
      List<Seen> all = sent("-n 3000");
      assertThat(all).allMatch(s -> s.u32(42) == 0x6e65746d); // "netm"
    }
  }

  @Test
  void extraBuffersTakeTurnsAndAreGivenBack() {
    try (NetmapPort own = Netmap.open("netmap:fake0", NetmapPort.Request.DEFAULT.nic(NIC))) {
      NetmapRing ring = own.tx(0);
      Set<Integer> before = buffers(ring);
      int free = own.memory().freeBuffers();
      assertThat(sent("-n 5 -e 3").stream().peek(PktGenFramesTest::assertWhole)).hasSize(5);
      assertThat(own.memory().freeBuffers()).isEqualTo(free);
      Set<Integer> now = buffers(ring);
      assertThat(now).hasSameSizeAs(before);
      now.removeAll(before);
      assertThat(now).as("extra buffers are in slots").hasSize(3);
    }
  }

  @Test
  void threadsWithNothingToSendKeepNoExtraBuffers() {
    NicOptions four = NicOptions.DEFAULT.with("rings", "4");
    try (NetmapPort own = Netmap.open("netmap:fake0", NetmapPort.Request.DEFAULT.nic(four))) {
      int free = own.memory().freeBuffers();
      String line = "pkt-gen -i fake0 -f tx -p 4 -n 2 -e 3 --nic rings=4";
      assertThat(Command.run(line.split(" ")).code()).isZero();
      assertThat(own.memory().freeBuffers()).isEqualTo(free);
    }
  }

  private static Set<Integer> buffers(NetmapRing ring) {
    Set<Integer> all = new HashSet<>();
    for (int i = 0; i < ring.numSlots(); i++) {
      all.add(ring.bufIdx(i));
    }
    return all;
  }

  @Test
  void aDumpHasPktGensShape() {
    Command run = Command.run("pkt-gen -i fake0 -f tx -n 1 -X -S 2:0:0:0:0:1".split(" "));
    assertThat(run.out())
        .containsPattern(
            "ring 0x[0-9a-f]+ cur +\\d+ \\[buf +\\d+ flags 0x0002 len +60\\]\\R"
                + "    0: ff ff ff ff ff ff 02 00 00 00 00 01 08 00 45 10 ..............E.\\R"
                + "   16: ")
        .containsPattern("   48: .{48} pkt-gen DI\\.");
  }

  @Test
  void aReceiverDumpsToo() {
    Command run =
        Command.run("run", "pkt-gen -i fake1 -f rx -n 2 -X", "pkt-gen -i fake0 -f tx -n 2 -F 2");
    assertThat(run.out())
        .containsPattern("len +30\\]\\R    0: ff ff")
        .contains("Received 2 packets 120 bytes");
    assertThat(run.out().lines().filter(l -> l.startsWith("ring "))).hasSize(4);
  }

  @Test
  void reportsHaveTheirUnits() {
    Command run = Command.run("pkt-gen -i fake0 -f tx -n 300 -R 1K -T 20 -N -A -B".split(" "));
    assertThat(run.err())
        .containsPattern(
            "main_thread \\[2639\\] \\d+ pps \\[avg/std \\d+ /\\d+  pps\\]\\(\\d+ pkts \\d+ bps in");
    assertThat(run.out()).containsPattern("Speed: \\d+ pps Bandwidth: \\d+ bps \\(raw \\d+ bps\\)");
    String line =
        run.err()
            .lines()
            .filter(l -> l.contains("main_thread") && !l.contains("(0 "))
            .findFirst()
            .orElseThrow();
    long[] n =
        Arrays.stream(line.split("\\(")[1].split("[^0-9]+"))
            .mapToLong(Long::parseLong)
            .limit(3)
            .toArray();
    assertThat(n[1] * n[2] / 1e6).as("84 bytes a packet").isBetween(n[0] * 671.0, n[0] * 673.0);
  }

  @Test
  void threadsRunWhereTheyAreTold() {
    assertThat(Command.run("pkt-gen -i fake0 -f tx -n 9 -a 0 -c 1".split(" ")).code()).isZero();
    Command run = Command.run("pkt-gen -i fake0 -f tx -n 9 -a 8191".split(" "));
    assertThat(run.code()).isEqualTo(Main.FAILED);
    assertThat(run.err())
        .contains(
            "netmap4j: sched_setaffinity to CPU 8191: Invalid argument (errno 22); this process");
  }
}
