package io.netmap4j.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.frames.PcapReader;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each example does what README.md says of it: on modelled cards, or on pipes. */
@Timeout(60)
class ExamplesTest {
  private static byte[] arpRequest(String from, String to) {
    ByteBuffer frame = ByteBuffer.allocate(60);
    byte[] sender = {2, 0, 0, 0, 0, 1};
    frame.put(new byte[] {-1, -1, -1, -1, -1, -1}).put(sender).putShort((short) 0x0806);
    frame.putShort((short) 1).putShort((short) 0x0800).put((byte) 6).put((byte) 4);
    frame.putShort((short) 1).put(sender).putInt(Addresses.parse(from)).put(new byte[6]);
    return frame.putInt(Addresses.parse(to)).array();
  }

  @Test
  void theEchoServerAnswersArpAndUdp() throws Exception {
    try (End client = new End("netmap:model0");
        Running echo = new Running(UdpEcho::main, "netmap:model1", "192.0.2.7")) {
      client.send(arpRequest("192.0.2.1", "192.0.2.8")); // somebody else's
      client.send(arpRequest("192.0.2.1", "192.0.2.7"));
      byte[] reply = client.receive(1).get(0);
      byte[] mac = Arrays.copyOfRange(reply, 6, 12);
      assertEquals(2, reply[21], "ARP reply");
      assertArrayEquals(mac, Arrays.copyOfRange(reply, 22, 28), "its MAC address");
      assertEquals(Addresses.parse("192.0.2.7"), ByteBuffer.wrap(reply).getInt(28));
      assertEquals(Addresses.parse("192.0.2.1"), ByteBuffer.wrap(reply).getInt(38));

      byte[] damaged = End.udp("192.0.2.1", 4000, "192.0.2.7", 7, 100);
      damaged[24] ^= 1; // header checksum
      client.send(damaged);
      client.send(End.udp("192.0.2.1", 4000, "192.0.2.7", 9, 100)); // another port
      byte[] datagram = End.udp("192.0.2.1", 4000, "192.0.2.7", 7, 100);
      System.arraycopy(mac, 0, datagram, 0, 6);
      client.send(datagram);
      byte[] back = client.receive(1).get(0);
      byte[] wanted = End.udp("192.0.2.7", 7, "192.0.2.1", 4000, 100);
      System.arraycopy(datagram, 6, wanted, 0, 6);
      System.arraycopy(mac, 0, wanted, 6, 6);
      assertArrayEquals(wanted, back);
      client.assertSilence();
      assertTrue(echo.stop().contains("received=5"));
    }
  }

  @Test
  void theFirewallDropsAndCounts() throws Exception {
    try (End inside = new End("netmap:fw{0");
        End outside = new End("netmap:fw{1");
        Running firewall =
            new Running(
                Firewall::main,
                "netmap:fw}0",
                "netmap:fw}1",
                "drop udp dst port 53",
                "pass ip",
                "drop")) {
      for (int port : new int[] {53, 80, 53, 443}) {
        inside.send(End.udp("192.0.2.1", 4000, "192.0.2.2", port, 20));
      }
      outside.send(arpRequest("192.0.2.2", "192.0.2.1"));
      outside.send(End.udp("192.0.2.2", 80, "192.0.2.1", 4000, 20));
      List<byte[]> out = outside.receive(2);
      assertArrayEquals(End.udp("192.0.2.1", 4000, "192.0.2.2", 80, 20), out.get(0));
      assertArrayEquals(End.udp("192.0.2.1", 4000, "192.0.2.2", 443, 20), out.get(1));
      assertArrayEquals(End.udp("192.0.2.2", 80, "192.0.2.1", 4000, 20), inside.receive(1).get(0));
      inside.assertSilence();
      String said = firewall.stop();
      assertTrue(said.contains("2 packets: drop udp dst port 53\n"), said);
      assertTrue(said.contains("3 packets: pass ip\n"), said);
      assertTrue(said.contains("1 packets: drop\n"), said);
    }
  }

  @Test
  void theMonitorNamesTheFlowsWithMostBytes() throws Exception {
    try (End source = new End("netmap:fm{0");
        Running monitor = new Running(FlowMonitor::main, "netmap:fm}0")) {
      for (int flow = 1; flow <= 20; flow++) {
        for (int n = 0; n < flow; n++) {
          source.send(End.udp("192.0.2." + flow, 1000 + flow, "198.51.100.1", 53, 58));
        }
      }
      source.send(arpRequest("192.0.2.1", "192.0.2.2"));
      source.drain();
      List<String> lines = monitor.stop().lines().toList();
      assertEquals(
          "192.0.2.20:1020 > 198.51.100.1:53 protocol 17: 20 packets, 2000 bytes", lines.get(1));
      assertEquals(
          "192.0.2.11:1011 > 198.51.100.1:53 protocol 17: 11 packets, 1100 bytes", lines.get(10));
      assertEquals("20 flows; 1 packets of no flow or of too many", lines.get(11));
    }
  }

  @Test
  void theGeneratorCountsAndTimes() throws Exception {
    try (Running generator =
        new Running(TrafficGenerator::main, "netmap:model0", "netmap:model1", "2000", "1")) {
      String said = generator.end();
      assertTrue(said.startsWith("running\nsent 2000, received 2000, lost 0\n"), said);
      assertTrue(said.contains("p99.9 "), said);
    }
  }

  @Test
  void theGeneratorEndsInTimeAlsoWhenItCannotSendAsFast() throws Exception {
    try (Running generator =
        new Running(TrafficGenerator::main, "netmap:model0", "netmap:model1", "2147483647", "1")) {
      String said = generator.end();
      assertTrue(said.contains(" more were due, but not sent in the time\n"), said);
      assertTrue(said.contains("p99.9 "), said);
    }
  }

  @Test
  void theGeneratorSeesWhatIsLost() throws Exception {
    try (Program generator =
        new Program(TrafficGenerator.class, "vale0:there", "vale1:elsewhere", "500", "1")) {
      assertEquals(1, generator.end());
      assertEquals("running\nsent 500, received 0, lost 500\n", generator.output());
      assertEquals(
          List.of("nothing came back: is what is tested running, and joined?"), generator.errors());
    }
  }

  @Test
  void theGeneratorPrintsItsCountsWhenItIsStopped() throws Exception {
    try (Program generator =
        new Program(
            TrafficGenerator.class, "netmap:model0", "netmap:model1", "1000", "2147483647")) {
      generator.awaitRunning();
      Thread.sleep(200);
      assertEquals(128 + 15, generator.stop());
      String said = generator.output();
      assertTrue(said.startsWith("running\nsent "), said);
      assertTrue(said.contains(", lost 0\n"), said);
      assertTrue(said.contains("p99.9 "), said);
      assertFalse(said.contains("due"), said);
    }
  }

  @Test
  void theRecorderRotatesItsFiles(@TempDir Path folder) throws Exception {
    int frames = 1000;
    try (End source = new End("netmap:rec{0");
        Running recorder =
            new Running(Recorder::main, "netmap:rec}0", folder.toString(), "10", "3")) {
      for (int n = 0; n < frames; n++) {
        source.send(End.udp("192.0.2.1", n, "192.0.2.2", 9, 84)); // 126 bytes, 142 in the file
      }
      source.drain();
      String said = recorder.stop();
      assertTrue(said.contains("received=" + frames), said);
    }
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.sorted().toList();
    }
    assertEquals(3, files.size(), files.toString());
    assertEquals("capture-0-000014.pcap", files.get(2).getFileName().toString());
    int next = 12 * 70; // 70 of them fit into 10 kB
    for (Path file : files) {
      assertTrue(Files.size(file) <= 10_024, file.toString());
      next = read(file, next);
    }
    assertEquals(frames, next);
  }

  private static int read(Path file, int next) throws IOException {
    try (PcapReader reader = PcapReader.open(file)) {
      while (reader.next()) {
        assertArrayEquals(End.udp("192.0.2.1", next++, "192.0.2.2", 9, 84), reader.bytes());
      }
    }
    return next;
  }

  /** From one address to another, as their last bytes. */
  private static byte[] frame(int from, int to) {
    byte[] frame = new byte[60];
    frame[0] = 2;
    frame[5] = (byte) to;
    frame[6] = 2;
    frame[11] = (byte) from;
    return frame;
  }

  @Test
  void theBridgeFloodsThenLearns() throws Exception {
    try (End one = new End("netmap:lb{0");
        End two = new End("netmap:lb{1");
        End three = new End("netmap:lb{2");
        Running bridge =
            new Running(LearningBridge::main, "netmap:lb}0", "netmap:lb}1", "netmap:lb}2")) {
      one.send(frame(1, 2)); // nobody knows 2
      assertArrayEquals(frame(1, 2), two.receive(1).get(0));
      assertArrayEquals(frame(1, 2), three.receive(1).get(0));
      two.send(frame(2, 1)); // 1 is known, and 2 now
      assertArrayEquals(frame(2, 1), one.receive(1).get(0));
      one.send(frame(1, 2));
      assertArrayEquals(frame(1, 2), two.receive(1).get(0));
      one.send(frame(3, 1)); // behind the same port
      three.send(frame(2, 1)); // 2 has moved
      assertArrayEquals(frame(2, 1), one.receive(1).get(0));
      one.send(frame(1, 2));
      assertArrayEquals(frame(1, 2), three.receive(1).get(0));
      one.drain();
      one.assertSilence();
      two.assertSilence();
      three.assertSilence();
      assertTrue(bridge.stop().contains("received=6"));
    }
  }

  @Test
  void theBalancerKeepsConnectionsTogether() throws Exception {
    try (End front = new End("netmap:bal{0");
        End one = new End("netmap:bal{1");
        End two = new End("netmap:bal{2");
        Running balancer =
            new Running(LoadBalancer::main, "netmap:bal}0", "netmap:bal}1", "netmap:bal}2")) {
      int flows = 100;
      for (int n = 0; n < flows; n++) {
        front.send(End.udp("192.0.2.1", 1000 + n, "192.0.2.2", 80, 20));
        front.send(End.udp("192.0.2.2", 80, "192.0.2.1", 1000 + n, 20)); // the other direction
      }
      while (balancer.output().contains("running") && one.waiting() + two.waiting() < 2 * flows) {
        Thread.sleep(5);
      }
      List<byte[]> atOne = one.receive(one.waiting());
      List<byte[]> atTwo = two.receive(two.waiting());
      assertEquals(2 * flows, atOne.size() + atTwo.size());
      assertTrue(
          Math.min(atOne.size(), atTwo.size()) > flows / 2, atOne.size() + ", " + atTwo.size());
      Set<Integer> clients = clients(atOne);
      assertEquals(atOne.size(), 2 * clients.size(), "both directions of each");
      assertTrue(clients(atTwo).stream().noneMatch(clients::contains));
      one.send(atOne.get(0));
      two.send(atTwo.get(0));
      assertEquals(2, front.receive(2).size());
    }
  }

  private static Set<Integer> clients(List<byte[]> frames) {
    Set<Integer> clients = new HashSet<>();
    for (byte[] frame : frames) {
      ByteBuffer bytes = ByteBuffer.wrap(frame);
      clients.add(Math.max(bytes.getShort(34), bytes.getShort(36)) & 0xFFFF);
    }
    return clients;
  }

  private static final String RANGE = "it must be a whole number from 1 to ";

  private static Stream<Arguments> wrongArguments() {
    String model = "netmap:model0";
    return Stream.of(
        wrong(UdpEcho.class, "usage: UdpEcho PORT IPV4-ADDRESS [UDP-PORT]"),
        wrong(
            UdpEcho.class,
            "'10.0.0.300' is no IPv4 address, such as 192.0.2.1",
            model,
            "10.0.0.300"),
        wrong(
            UdpEcho.class, "UDP-PORT is '70000': " + RANGE + "65535", model, "192.0.2.7", "70000"),
        wrong(
            Firewall.class,
            "rule 'foo': it begins with neither pass nor drop",
            model,
            "netmap:model1",
            "foo"),
        wrong(
            Firewall.class,
            "filter 'foo bar': can't parse filter expression: syntax error",
            "vale0:a",
            "vale0:b",
            "drop foo bar"),
        wrong(
            TrafficGenerator.class,
            "FRAMES-A-SECOND is '1e3': " + RANGE + "2147483647",
            model,
            "netmap:model1",
            "1e3",
            "1"),
        wrong(
            TrafficGenerator.class,
            "SECONDS is '0': " + RANGE + "2147483647",
            model,
            "netmap:model1",
            "1000",
            "0"),
        wrong(
            Recorder.class,
            "KILOBYTES-A-FILE is '9223372036854775807': " + RANGE + "2147483647",
            model,
            "target/not-made",
            "9223372036854775807",
            "1"),
        wrong(
            LearningBridge.class,
            "bridge: ports 0 and 1 are the same rings of vale0:a",
            "vale0:a",
            "vale0:a"));
  }

  private static Arguments wrong(Class<?> example, String error, String... args) {
    return Arguments.of(example, error, args);
  }

  @ParameterizedTest
  @MethodSource
  void wrongArguments(Class<?> example, String error, String[] args) throws Exception {
    try (Program program = new Program(example, args)) {
      assertEquals(2, program.end());
      assertEquals(List.of(error), program.errors());
      assertEquals("", program.output());
      assertFalse(Files.exists(Path.of("target/not-made")));
    }
  }

  @Test
  void theRecorderWantsAFolder(@TempDir Path folder) throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    try (Program recorder =
        new Program(Recorder.class, "netmap:model0", file.toString(), "1", "1")) {
      assertEquals(1, recorder.end());
      assertEquals(
          List.of(file + ": it is a file; FOLDER must be a folder, or new"), recorder.errors());
    }
  }

  @Test
  void countsThatAreNotWrittenAreAFailure() throws Exception {
    try (Program generator =
        new Program(
            new File("/dev/full"),
            TrafficGenerator.class,
            "netmap:model0",
            "netmap:model1",
            "1000",
            "1")) {
      assertEquals(1, generator.end());
      assertEquals(
          List.of("standard output took not all: is its disk full, or its reader gone?"),
          generator.errors());
    }
  }
}
