package io.netmap4j.apps;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netmap4j.frames.PcapReader;
import io.netmap4j.frames.PcapWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two network stacks, each behind a virtual cable whose other end {@code bridge} has in emulated
 * mode. The cables keep the offloads that they have by default, so the stacks send packets of 64
 * KiB with unfinished checksums. A longer file:
 *
 * <pre>
 *   -Dtest=EmulatedModeTest -Dnetmap4j.file-bytes=1000000000
 * </pre>
 */
@Tag("once")
@Timeout(120)
class EmulatedModeTest {
  private static final int BYTES = Integer.getInteger("netmap4j.file-bytes", 8_000_000);
  private static final String V4 = "198.51.100.2";
  private static final String V6 = "2001:db8::2";

  private final String prefix = "nm" + ProcessHandle.current().pid();
  private final String one = prefix + "a";
  private final String other = prefix + "b";
  private final String middle = prefix + "m";
  private final Deque<String> namespaces = new ArrayDeque<>();
  private final Deque<Process> processes = new ArrayDeque<>();

  @TempDir Path folder;

  @BeforeEach
  void needsRoot() throws Exception {
    boolean root = System.getProperty("user.name").equals("root");
    assumeTrue(root, "skipped: network namespaces need root");
    for (String[] tool : new String[][] {{"ip", "-V"}, {"ping", "-V"}, {"socat", "-V"}}) {
      assumeTrue(
          runs(tool),
          "skipped: there is no " + tool[0] + ": apt-get install iproute2 iputils-ping socat");
    }
    boolean made = runs("ip", "netns", "add", middle);
    assumeTrue(made, "skipped: no network namespaces here");
    namespaces.push(middle);
    stack(one, "left", "198.51.100.1", "2001:db8::1");
    stack(other, "right", V4, V6);
  }

  /** A namespace with addresses, at one end of a cable whose other end is in the middle. */
  private void stack(String namespace, String end, String v4, String v6) throws Exception {
    ip("netns", "add", namespace);
    namespaces.push(namespace);
    ip(
        "-n", middle, "link", "add", end, "type", "veth", "peer", "name", "eth0", "netns",
        namespace);
    String quiet = "echo 1 >/proc/sys/net/ipv6/conf/" + end + "/disable_ipv6";
    sh("ip", "netns", "exec", middle, "sh", "-c", quiet);
    ip("-n", middle, "link", "set", end, "up");
    ip("-n", namespace, "link", "set", "eth0", "up");
    ip("-n", namespace, "addr", "add", v4 + "/24", "dev", "eth0");
    ip("-n", namespace, "addr", "add", v6 + "/64", "dev", "eth0", "nodad");
  }

  @AfterEach
  void removeAll() throws Exception {
    while (!processes.isEmpty()) {
      Process process = processes.pop();
      process.destroy();
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    }
    while (!namespaces.isEmpty()) {
      ip("netns", "del", namespaces.pop());
    }
  }

  @Test
  void pingAndAFileCrossTheBridge() throws Exception {
    Path output = folder.resolve("bridge.txt");
    Process bridge =
        start(
            output,
            middle,
            JavaCommand.of(Main.class, "bridge", "-i", "netmap:left", "-i", "netmap:right")
                .toArray(String[]::new));
    boolean there = false;
    for (int i = 0; i < 40 && !there && bridge.isAlive(); i++) {
      there = runs("ip", "netns", "exec", one, "ping", "-q", "-c", "1", "-W", "1", V4);
    }
    assertThat(there).as("an answer to ping: %s", Files.readString(output)).isTrue();
    for (String to : new String[] {V4, V6}) {
      String said =
          sh(
              "ip", "netns", "exec", one, "ping", "-n", "-q", "-c", "50", "-i", "0.005", "-W", "5",
              to);
      assertThat(said).contains("50 packets transmitted, 50 received");
    }
    byte[] file = new byte[BYTES];
    new Random(1).nextBytes(file);
    Path from = Files.write(folder.resolve("file"), file);
    transfer(from, one, "TCP4:" + V4, other, "TCP4-LISTEN");
    transfer(from, one, "TCP6:[" + V6 + "]", other, "TCP6-LISTEN");
    transfer(from, other, "TCP4:198.51.100.1", one, "TCP4-LISTEN");
    assertThat(bridge.isAlive()).isTrue();
  }

  /** Captures take frames of MTU 9216 from cards; an interface has the MTU that it has. */
  @Test
  void capturesNeedNoLargerMtu() throws Exception {
    ip("-n", middle, "link", "add", "from", "type", "veth", "peer", "name", "to");
    for (String end : new String[] {"from", "to"}) {
      String quiet = "echo 1 >/proc/sys/net/ipv6/conf/" + end + "/disable_ipv6";
      sh("ip", "netns", "exec", middle, "sh", "-c", quiet);
      ip("-n", middle, "link", "set", end, "up");
    }
    Path in = folder.resolve("in.pcap");
    Path out = folder.resolve("out.pcap");
    byte[] frame = new byte[1514];
    new Random(2).nextBytes(frame);
    frame[0] = 2; // not a group's address
    frame[12] = (byte) 0x88; // nor a VLAN tag
    frame[13] = (byte) 0xb5;
    try (PcapWriter writer = PcapWriter.create(in)) {
      writer.write(0, frame);
    }
    for (String sender : new String[] {"replay -r ", "nmreplay -f "}) {
      assertThat(
              command(
                  "run",
                  "dump -i netmap:to -c 2 -w " + out,
                  sender + in + " -i netmap:from --loop 2"))
          .contains("Sent 2 packets", "2 packets, 3028 bytes received on netmap:to");
      try (PcapReader reader = PcapReader.open(out)) {
        assertThat(reader.next()).isTrue();
        assertThat(reader.bytes()).isEqualTo(frame);
      }
    }
    assertThat(command("dump", "-i", "netmap:to", "--nic", "mtu=9216"))
        .contains("mtu = 9216 is asked for, and the interface to has 1500");
  }

  /** What a command of netmap4j prints in the middle. */
  private String command(String... words) throws Exception {
    Path output = folder.resolve("command.txt");
    Process process =
        start(output, middle, JavaCommand.of(Main.class, words).toArray(String[]::new));
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("%s ends", List.of(words)).isTrue();
    return Files.readString(output);
  }

  private void transfer(Path file, String from, String to, String at, String listen)
      throws Exception {
    Path got = folder.resolve("got");
    Process receiver =
        start(
            folder.resolve("receiver.txt"),
            at,
            "socat",
            "-u",
            listen + ":7000,reuseaddr,accept-timeout=30",
            "CREATE:" + got);
    sh(
        "ip",
        "netns",
        "exec",
        from,
        "socat",
        "-u",
        "OPEN:" + file,
        to + ":7000,retry=100,interval=0.05");
    assertThat(receiver.waitFor(60, TimeUnit.SECONDS)).as("the receiver ends").isTrue();
    processes.remove(receiver);
    assertThat(sha256(got)).as("%s to %s", from, to).isEqualTo(sha256(file));
  }

  private static byte[] sha256(Path file) throws Exception {
    return MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
  }

  private Process start(Path output, String namespace, String... command) throws IOException {
    List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
    all.addAll(Arrays.asList(command));
    Process process =
        new ProcessBuilder(all).redirectErrorStream(true).redirectOutput(output.toFile()).start();
    processes.push(process);
    return process;
  }

  private static void ip(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(Arrays.asList(arguments));
    sh(command.toArray(String[]::new));
  }

  private static boolean runs(String... command) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getInputStream().readAllBytes();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static String sh(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as("%s: %s", List.of(command), output).isZero();
    return output;
  }
}
