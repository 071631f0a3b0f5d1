package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A served pair, a receiver and a sender: three processes. {@code -Dnetmap4j.restarts=100} for the
 * long run.
 */
@Tag("once")
@Timeout(3600)
class TwoShellsTest {
  private static final int RESTARTS = Integer.getInteger("netmap4j.restarts", 4);

  @TempDir Path folder;
  private Map<String, String> environment;

  @BeforeEach
  void configure() throws Exception {
    Path file = folder.resolve("netmap4j.properties");
    Files.writeString(
        file,
        "nic.left = vfio-user:"
            + socket(0)
            + "\nnic.right = vfio-user:"
            + socket(1)
            + "\nnic.right.drop = false\nmemory.buf-num = 8192\n");
    environment = Map.of("NETMAP4J_CONFIG", file.toString());
  }

  private String socket(int card) {
    return folder.resolve(card + ".sock").toString();
  }

  private ChildProcess server() throws InterruptedException {
    return ChildProcess.start(environment, "nic-model", "-s", socket(0), "-s", socket(1))
        .await("ready", 30);
  }

  private ChildProcess receiver(String... more) throws InterruptedException {
    return start("pkt-gen -i netmap:right -f rx -T 100 -w 10", more);
  }

  private ChildProcess sender(String... more) throws InterruptedException {
    return start("pkt-gen -i netmap:left -f tx -T 100 -w 10", more);
  }

  private ChildProcess start(String command, String... more) {
    return ChildProcess.start(environment, (command + " " + String.join(" ", more)).split(" +"));
  }

  private static long number(String text, String regex) {
    Matcher m = Pattern.compile(regex).matcher(text);
    assertThat(m.find()).as("%s in:%n%s", regex, text).isTrue();
    return Long.parseLong(m.group(1));
  }

  @Test
  void countsAgree() throws Exception {
    try (ChildProcess server = server();
        ChildProcess rx = receiver("-n 300000").await("main_thread|bps", 30);
        ChildProcess tx = sender("-n 300000")) {
      assertThat(tx.exitCode(60)).as(tx.output()).isZero();
      assertThat(rx.exitCode(60)).as(rx.output()).isZero();
      assertThat(number(tx.output(), "Sent (\\d+) packets")).isEqualTo(300_000);
      assertThat(number(rx.output(), "Received (\\d+) packets")).isEqualTo(300_000);
      server.signal("TERM");
      server.exitCode(10);
      assertThat(server.output())
          .containsPattern("GPTC +300000 +0\\b")
          .containsPattern("GPRC +0 +300000\\b")
          .containsPattern("frames in +300000 +0\\b")
          .doesNotContain("broken rules");
    }
  }

  /** Whoever is killed, the others say so within a second or go on, and all can start again. */
  @Test
  void anyOfThemMayBeKilled() throws Exception {
    Random random = new Random(Long.getLong("netmap4j.seed", 1));
    ChildProcess server = server();
    try {
      for (int round = 0; round < RESTARTS; round++) {
        int victim = round % 3;
        try (ChildProcess rx = receiver();
            ChildProcess tx = sender()) {
          if (random.nextInt(4) > 0) { // else: while they start
            rx.await("main_thread.* \\([1-9]", 30);
          }
          Thread.sleep(random.nextInt(300));
          if (victim == 0) {
            server.kill();
            assertToldWithinASecond(rx, "rx", round);
            assertToldWithinASecond(tx, "tx", round);
            server = server();
          } else {
            ChildProcess other = victim == 1 ? tx : rx;
            (victim == 1 ? rx : tx).kill();
            other.await("main_thread.* \\(", 30);
            assertThat(other.running())
                .as("round %d, the other:%n%s", round, other.output())
                .isTrue();
            assertThat(server.running())
                .as("round %d, server:%n%s", round, server.output())
                .isTrue();
          }
        }
      }
      try (ChildProcess rx = receiver("-n 10000").await("main_thread", 30);
          ChildProcess tx = sender("-n 10000")) {
        assertThat(tx.exitCode(60)).as(tx.output()).isZero();
        assertThat(rx.exitCode(60)).as(rx.output()).isZero();
      }
    } finally {
      server.kill();
    }
  }

  /** Who loses the device has totals all the same. */
  @Test
  void aBridgeWhoseServerIsKilledPrintsItsTotals() throws Exception {
    try (ChildProcess server = server();
        ChildProcess bridge =
            ChildProcess.start(
                environment, "run", "bridge -i netmap:left -i netmap:right -w 10", "devices")) {
      bridge.await("^PORT ", 30); // of devices, which runs once the bridge has its ports
      server.kill();
      assertThat(bridge.exitCode(30)).as(bridge.output()).isEqualTo(1);
      assertThat(bridge.output())
          .containsOnlyOnce("netmap:left -> netmap:right: ")
          .containsOnlyOnce("netmap:right -> netmap:left: ");
    }
  }

  /** Only what the card reported counts as sent; the totals are less than what it may have sent. */
  @Test
  void aSenderWhoseServerIsKilledSaysWhatIsUnconfirmed() throws Exception {
    try (ChildProcess server = server();
        ChildProcess tx = sender("-R 100")) {
      tx.await("main_thread.* \\([1-9]", 30);
      server.kill();
      assertThat(tx.exitCode(30)).as(tx.output()).isEqualTo(1);
      assertThat(tx.output())
          .containsPattern(
              "left: POLLERR: the device is gone; [1-9]\\d* TX slots were unconfirmed");
    }
  }

  private static void assertToldWithinASecond(ChildProcess process, String who, int round)
      throws InterruptedException {
    long begin = System.nanoTime();
    int code = process.exitCode(10);
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    assertThat(code).as("round %d, %s:%n%s", round, who, process.output()).isEqualTo(1);
    assertThat(process.output()).containsPattern("gone|POLLERR|no such|netmap4j nic-model");
    if (process.output().contains("main_thread")) {
      assertThat(process.output()).containsOnlyOnce(who.equals("tx") ? "Sent " : "Received ");
    }
    // The exit of a JVM on a busy machine is part of it.
    assertThat(millis).as("round %d, ms until %s told", round, who).isLessThan(2000);
  }
}
