package io.netmap4j.apps;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.apps.traffic.Stop;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.TapDevice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Two network stacks talk through {@code netmap4j tap}, twice: each stack has a modelled card.
 * Interfaces and namespaces are named after this process.
 */
@Timeout(120)
class TapTest {
  private final String one = "nm" + ProcessHandle.current().pid() + "a";
  private final String other = "nm" + ProcessHandle.current().pid() + "b";
  private final Deque<String> namespaces = new ArrayDeque<>();
  private final Stop stop = new Stop();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private CompletableFuture<Integer> running;

  @BeforeEach
  void needsRoot() throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/net/tun")), "skipped: there is no /dev/net/tun");
    try {
      TapDevice.create(one).close();
    } catch (LinuxException e) {
      boolean root = e.errno() != Libc.EPERM && e.errno() != Libc.EACCES;
      assumeTrue(root, "skipped: " + e.getMessage());
      throw e;
    }
    assumeTrue(runs("ip", "-V"), "skipped: there is no ip: apt-get install iproute2");
    assumeTrue(runs("ping", "-V"), "skipped: there is no ping: apt-get install iputils-ping");
  }

  @AfterEach
  void removeAll() throws Exception {
    end();
    while (!namespaces.isEmpty()) {
      sh("ip", "netns", "del", namespaces.pop());
    }
  }

  private void start(String... command) {
    running =
        CompletableFuture.supplyAsync(
            () ->
                new Main(stop, new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8))
                    .run(command));
  }

  /** As Ctrl-C. */
  private Command end() throws Exception {
    stop.request();
    return running == null ? null : ended();
  }

  private Command ended() throws Exception {
    return new Command(running.get(20, TimeUnit.SECONDS), out.toString(UTF_8), err.toString(UTF_8));
  }

  private void awaitReady(String tap) throws InterruptedException {
    String line = "ready " + tap + ":";
    await(line, () -> out.toString(UTF_8).contains(line) || running.isDone());
    assertThat(running).as("%s%s", out.toString(UTF_8), err.toString(UTF_8)).isNotDone();
  }

  /** Puts the interface into a namespace of the same name, up. */
  private void place(String tap, String address) throws Exception {
    awaitReady(tap);
    sh("ip", "netns", "add", tap);
    namespaces.push(tap);
    sh("ip", "link", "set", tap, "netns", tap);
    sh("ip", "-n", tap, "addr", "add", address, "dev", tap);
    sh("ip", "-n", tap, "link", "set", tap, "up");
  }

  private static byte[] mac(String port) {
    try (NetmapPort second = Netmap.open(port + "/T")) {
      return second.nic().macAddress();
    }
  }

  private static boolean exists(String tap) {
    return Files.exists(Path.of("/sys/class/net", tap));
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long begin = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - begin).as(what).isLessThan(TimeUnit.SECONDS.toNanos(30));
      Thread.sleep(10);
    }
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

  private String ping(int payload) throws Exception {
    String bytes = Integer.toString(payload);
    List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", one));
    command.addAll(List.of("ping", "-n", "-q", "-c", "50", "-i", "0.02", "-W", "5"));
    command.addAll(List.of("-M", "do", "-s", bytes, "192.0.2.2"));
    return sh(command.toArray(String[]::new));
  }

  /** Ping itself does not wait long for the last one. */
  private void awaitReplies(int count) throws Exception {
    String replies = "";
    for (int i = 0; i < 100 && !replies.matches("(?s).*IcmpInEchoReps +" + count + " .*"); i++) {
      Thread.sleep(i == 0 ? 0 : 100);
      replies = sh("ip", "netns", "exec", one, "nstat", "-asz", "IcmpInEchoReps");
    }
    assertThat(replies).containsPattern("IcmpInEchoReps +" + count + " ");
  }

  /** The last one: frames of five slots, which RSS spreads over two rings. */
  @ParameterizedTest
  @CsvSource({"mtu=1500, 16, 1400", "mtu=9000, 16, 8972", "'mtu=9000,rings=2', 1400, 8972"})
  void everyPingBetweenTwoNamespacesIsAnswered(String nic, int small, int large) throws Exception {
    start(
        "run",
        "tap -i netmap:model0 -t " + one + " --nic " + nic,
        "tap -i netmap:model1 -t " + other + " --nic " + nic);
    place(one, "192.0.2.1/30");
    place(other, "192.0.2.2/30");
    assertThat(ping(small)).contains("50 packets transmitted, ");
    awaitReplies(50);
    assertThat(ping(large)).contains("50 packets transmitted, ");
    awaitReplies(100);
    Command ended = end();
    assertThat(ended.err()).doesNotContain("netmap4j:");
    assertThat(ended.code()).isZero();
    assertThat(ended.out())
        .contains("ready " + one + ": MAC ")
        .containsPattern(one + " -> netmap:model0: 1\\d\\d frames, 0 dropped\\R")
        .containsPattern(other + " -> netmap:model1: 1\\d\\d frames, 0 dropped\\R");
    assertThat(exists(one)).isFalse();
  }

  /** The user may give the interface a larger MTU than the card's. */
  @Test
  void whatIsTooLongForTheCardIsCountedAndAFailure() throws Exception {
    start("tap", "-i", "netmap:model0", "-t", one, "-w", "0");
    place(one, "192.0.2.1/30");
    sh("ip", "-n", one, "link", "set", one, "mtu", "3000");
    sh("ip", "-n", one, "neigh", "add", "192.0.2.2", "lladdr", "02:00:00:00:00:99", "dev", one);
    String[] ping = {"ip", "netns", "exec", one, "ping", "-c", "3", "-i", "0.2", "-W", "1"};
    List<String> command = new ArrayList<>(List.of(ping));
    command.addAll(List.of("-M", "do", "-s", "2000", "192.0.2.2"));
    runs(command.toArray(String[]::new)); // nobody answers
    String read = "/sys/class/net/" + one + "/statistics/tx_bytes";
    for (int i = 0; i < 300; i++) {
      if (Long.parseLong(sh("ip", "netns", "exec", one, "cat", read).trim()) >= 3 * 2042) {
        break; // we have read them
      }
      Thread.sleep(100);
    }
    Command ended = end();
    assertThat(ended.out())
        .containsPattern(one + " -> netmap:model0: \\d+ frames, 3 dropped: 3 longer than");
    assertThat(ended.err())
        .contains("3 frames of " + one + " were too long, not sent: the most is 1518 bytes");
    assertThat(ended.code()).isEqualTo(Main.FAILED);
  }

  @Test
  void theInterfaceIsTheCardsAndWhatItCannotTakeIsCounted() throws Exception {
    start("tap", "-i", "netmap:model0", "-t", one, "--mtu", "1400");
    try (NetmapPort peer = Netmap.open("netmap:model1")) {
      awaitReady(one);
      String link = sh("ip", "link", "show", "dev", one);
      String mac = HexFormat.ofDelimiter(":").formatHex(mac("netmap:model0"));
      assertThat(link).contains("mtu 1400").contains("state DOWN").contains("link/ether " + mac);
      for (int i = 0; i < 7; i++) {
        peer.tx(0).put(i, new byte[60]);
      }
      peer.tx(0).advance(7);
      assertThat(peer.drain(5000)).isTrue();
      await("7 frames", () -> peer.counters().getOrDefault("GPTC", 0L) >= 7);
      Thread.sleep(1500); // they are on their way to the interface
    }
    Command ended = end();
    assertThat(ended.code()).isZero();
    assertThat(ended.out())
        .contains("netmap:model0 -> " + one + ": 0 frames, 7 dropped: 7 interface down")
        .contains(one + " -> netmap:model0: 0 frames, 0 dropped");
  }

  @Test
  void anInterfaceThatSomebodyRemovesEndsItWithAnExplanation() throws Exception {
    start("tap", "-i", "netmap:model0", "-t", one, "-w", "0");
    awaitReady(one);
    sh("ip", "link", "del", one);
    Command ended = ended();
    assertThat(ended.code()).isEqualTo(Main.FAILED);
    assertThat(ended.err())
        .contains("TAP interface " + one)
        .contains("was removed; start netmap4j tap again");
    assertThat(ended.out()).contains(one + " -> netmap:model0: 0 frames");
  }

  @Test
  void anMtuBeyondTheCardsIsRefused() {
    Command run = Command.run("tap", "-i", "netmap:model0", "-t", one, "--mtu", "9000");
    assertThat(run.code()).isEqualTo(Main.USAGE);
    assertThat(run.err())
        .contains("--mtu 9000 is out of range: 68 to 1500")
        .contains("--nic mtu=9000");
  }
}
