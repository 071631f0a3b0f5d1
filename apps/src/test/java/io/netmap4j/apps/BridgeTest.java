package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.apps.traffic.Stop;
import io.netmap4j.common.NicOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** bridge on two fake cards with a cable between them; RX ring i hears TX ring i. */
@Timeout(60)
class BridgeTest {
  private static final int FLOW_PACKETS = Integer.getInteger("netmap4j.flow.packets", 10_000);

  @TempDir Path folder;

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
    while (!Netmap.isOpen("netmap:fake1") && !bridge.isDone()) {
      Thread.sleep(10);
    }
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

  /** One bridge for each of four queues, in a thread of its own, and one for all of them. */
  @ParameterizedTest
  @ValueSource(strings = {"-0 -1 -2 -3", "/x"})
  void fourQueuesLoseNothingAndKeepTheOrderOfEachFlow(String ports) throws Exception {
    NicOptions options = NicOptions.DEFAULT.with("rings", "4").with("drop", "false");
    FlowTraffic traffic = new FlowTraffic(64);
    List<RunningCommand> bridges = new ArrayList<>();
    try (NetmapPort model0 =
        Netmap.open("netmap:model0", NetmapPort.Request.DEFAULT.nic(options))) {
      for (String port : ports.split(" ")) {
        String line = "bridge -L -i model1" + port + " --nic rings=4,drop=false -b 32";
        bridges.add(RunningCommand.start(line));
      }
      long deadline = System.nanoTime() + 30_000_000_000L;
      while (traffic.received() < FLOW_PACKETS && System.nanoTime() < deadline) {
        traffic.send(model0, (int) Math.min(256, FLOW_PACKETS - traffic.sent()));
        traffic.receive(model0, 10);
      }
    }
    int forwarded = 0;
    for (RunningCommand bridge : bridges) {
      Command end = bridge.stop();
      assertThat(end.err()).doesNotContain("netmap4j:");
      assertThat(end.code()).isZero();
      Matcher packets = Pattern.compile(" -> model1\\S*: (\\d+) packets\\R").matcher(end.out());
      assertThat(packets.find()).as(end.out()).isTrue();
      int count = Integer.parseInt(packets.group(1));
      assertThat(count).isGreaterThan(FLOW_PACKETS / 16);
      forwarded += count;
    }
    assertThat(traffic.sent()).isEqualTo(FLOW_PACKETS);
    assertThat(traffic.received()).isEqualTo(FLOW_PACKETS);
    assertThat(traffic.missing()).isZero();
    assertThat(forwarded).isEqualTo(FLOW_PACKETS);
  }
}
