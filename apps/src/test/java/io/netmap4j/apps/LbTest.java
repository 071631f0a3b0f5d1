package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.common.NicOptions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** lb between two modelled cards, or a pipe, and consumers of ours. */
@Timeout(60)
class LbTest {
  private static final int PACKETS = Integer.getInteger("netmap4j.flow.packets", 10_000);
  private static final long MOST_NANOS = 30_000_000_000L;

  /**
   * One lb for each of four queues, in a thread of its own, with a group of two pipes behind it.
   */
  @Test
  void fourQueuesLoseNothingAndKeepTheOrderOfEachFlow() throws Exception {
    NicOptions options = NicOptions.DEFAULT.with("rings", "4").with("drop", "false");
    FlowTraffic traffic = new FlowTraffic(64);
    List<RunningCommand> lbs = new ArrayList<>();
    List<NetmapPort> consumers = new ArrayList<>();
    Map<Integer, Set<Integer>> pipesOfConnection = new HashMap<>();
    long begin = System.nanoTime();
    try (NetmapPort model0 =
        Netmap.open("netmap:model0", NetmapPort.Request.DEFAULT.nic(options))) {
      for (int i = 0; i < 4; i++) {
        String line = "lb -i model1-" + i + " -p q" + i + ":2 --nic rings=4,drop=false -B 100";
        lbs.add(RunningCommand.start(line));
        consumers.add(Netmap.open("netmap:q" + i + "}0"));
        consumers.add(Netmap.open("netmap:q" + i + "}1"));
      }
      while (traffic.received() < PACKETS && System.nanoTime() - begin < MOST_NANOS) {
        long room = 512 - (traffic.sent() - traffic.received());
        traffic.send(model0, (int) Math.min(room, PACKETS - traffic.sent()));
        for (int i = 0; i < consumers.size(); i++) {
          int pipe = i;
          traffic.receive(
              consumers.get(i),
              0,
              flow ->
                  pipesOfConnection.computeIfAbsent(flow / 2, f -> new HashSet<>()).add(pipe % 2));
        }
      }
    }
    consumers.forEach(NetmapPort::close);
    int forwarded = 0;
    for (RunningCommand lb : lbs) {
      Command end = lb.stop();
      assertThat(end.err()).doesNotContain("netmap4j:");
      assertThat(end.code()).isZero();
      forwarded += total(end, "forwarded");
      assertThat(total(end, "dropped")).isZero();
      assertThat(total(end, "forwarded")).isEqualTo(total(end, "received")).isPositive();
    }
    assertThat(traffic.sent()).isEqualTo(PACKETS);
    assertThat(traffic.received()).isEqualTo(PACKETS);
    assertThat(traffic.missing()).isZero();
    assertThat(forwarded).isEqualTo(PACKETS);
    assertThat(pipesOfConnection.values())
        .as("both directions, whatever queue they came on")
        .hasSize(32)
        .allMatch(pipes -> pipes.size() == 1);
    assertThat(pipesOfConnection.values()).contains(Set.of(0), Set.of(1));
  }

  private static int total(Command lb, String what) {
    Matcher line = Pattern.compile("(\\d+) packets " + what + "\\.").matcher(lb.out());
    assertThat(line.find()).as(lb.out()).isTrue();
    return Integer.parseInt(line.group(1));
  }

  /** The second one finds what the first has not taken: nothing is lost, nothing comes twice. */
  @Test
  void aConsumerDiesAndAnotherGoesOn() throws Exception {
    int freeBefore = NetmapMemory.shared().freeBuffers();
    FlowTraffic traffic = new FlowTraffic(16);
    long begin = System.nanoTime();
    RunningCommand lb = RunningCommand.start("lb -i s}0 -p c:1 -B 4000");
    try (NetmapPort source = Netmap.open("netmap:s{0")) {
      try (NetmapPort first = Netmap.open("netmap:c}0")) {
        while (traffic.received() < 1000 && System.nanoTime() - begin < MOST_NANOS) {
          traffic.send(source, 50);
          traffic.receive(first, 10);
        }
      }
      while (traffic.sent() < 4000 && System.nanoTime() - begin < MOST_NANOS) {
        traffic.send(source, 500); // nobody takes them: more than the pipe holds
        Thread.sleep(1);
      }
      assertThat(traffic.received()).isLessThan(2000);
      try (NetmapPort second = Netmap.open("netmap:c}0")) {
        while (traffic.received() < 6000 && System.nanoTime() - begin < MOST_NANOS) {
          traffic.send(source, (int) Math.min(50, 6000 - traffic.sent()));
          traffic.receive(second, 10);
        }
      }
    }
    Command end = lb.stop();
    assertThat(traffic.missing()).isZero();
    assertThat(traffic.received()).isEqualTo(6000);
    assertThat(end.out())
        .contains("6000 packets received. 6000 packets forwarded.  0 packets drop");
    assertThat(end.code()).isZero();
    assertThat(NetmapMemory.shared().freeBuffers()).isEqualTo(freeBefore);
  }

  /** The groups a and b are in turn; a's second one goes on with a's numbers. */
  @Test
  void eachGroupGetsEachPacketAndStatisticsAreJson() throws Exception {
    RunningCommand lb = RunningCommand.start("lb -i s}0 -p a:1 -p b: -p a:1 -o 1 -b 7 -W");
    FlowTraffic[] each = {new FlowTraffic(4), new FlowTraffic(4), new FlowTraffic(4)};
    List<NetmapPort> consumers = new ArrayList<>();
    for (String name : "a}0 b}0 b}1 a}1".split(" ")) {
      consumers.add(Netmap.open("netmap:" + name));
    }
    long begin = System.nanoTime();
    try (NetmapPort source = Netmap.open("netmap:s{0")) {
      FlowTraffic traffic = new FlowTraffic(4);
      while (each[2].received() < 1000 && System.nanoTime() - begin < MOST_NANOS) {
        traffic.send(source, (int) Math.min(100, 1000 - traffic.sent()));
        for (int i = 0; i < 4; i++) {
          each[(i + 1) / 2].receive(consumers.get(i), 0);
        }
      }
      while (!lb.out().contains("\"packets_received\":1000,") && !lb.ended()) {
        Thread.sleep(10);
      }
    }
    consumers.forEach(NetmapPort::close);
    Command end = lb.stop();
    assertThat(end.err()).doesNotContain("netmap4j:");
    for (FlowTraffic group : each) {
      assertThat(group.received()).isEqualTo(1000);
      assertThat(group.missing()).isZero();
    }
    assertThat(end.out())
        .containsPattern(
            "\\{\"ts\":\\d+\\.\\d{6},\"interface\":\"netmap:a\\{1\",\"output_ring\":3,"
                + "\"packets_forwarded\":1000,\"packets_dropped\":0,"
                + "\"data_forward_rate_Mbps\":\\d+\\.\\d{4},.*\"overflow_queue_size\":0}")
        .containsPattern(
            "\\{\"ts\":.*,\"interface\":\"netmap:s}0\",\"output_ring\":null,"
                + "\"packets_received\":1000,\"packets_forwarded\":3000,.*\"free_buffer_slots\":0}")
        .contains("1000 packets received. 3000 packets forwarded.  0 packets dropped. Total 3000");
  }

  @Test
  void pktGenTakesWhatLbGives() throws Exception {
    RunningCommand lb = RunningCommand.start("lb -i model1 -w 0 -o 1 --nic drop=false");
    Command run =
        Command.run(
            "run",
            "pkt-gen -i model1}0 -f rx -n 50",
            "pkt-gen -i model1}1 -f rx -n 50",
            "pkt-gen -i model0 -f tx -n 2000 -z -R 20K");
    assertThat(run.code()).isZero();
    assertThat(run.out().split("Received 50 packets")).hasSize(3);
    long begin = System.nanoTime();
    while (!lb.out().contains("\"packets_received\":2000,")
        && System.nanoTime() - begin < MOST_NANOS) {
      Thread.sleep(10); // it has still to take what was sent
    }
    assertThat(total(lb.stop(), "received")).isEqualTo(2000);
  }

  @Test
  void whatIsInTheWayIsTold() throws Exception {
    try (NetmapPort other = Netmap.open("netmap:taken{1/x")) {
      Command taken = Command.run("lb", "-i", "fake0", "-p", "taken:2");
      assertThat(taken.code()).isEqualTo(Main.FAILED);
      assertThat(taken.err()).startsWith("netmap4j: netmap:taken{1/xT: ").hasLineCount(1);
      assertThat(other.txSync()).isZero();
    }
    int freeBefore = NetmapMemory.shared().freeBuffers();
    RunningCommand few = RunningCommand.start("lb -i fake0 -p few:1 -B 1000000");
    Command end = few.stop();
    assertThat(end.err())
        .containsPattern("Only \\d+ of 1000000 extra buffers are free in the memory");
    assertThat(NetmapMemory.shared().freeBuffers()).isEqualTo(freeBefore);
  }
}
