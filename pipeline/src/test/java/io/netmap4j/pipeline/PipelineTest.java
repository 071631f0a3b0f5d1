package io.netmap4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.WaitMode;
import io.netmap4j.frames.FrameMaker;
import io.netmap4j.frames.Ipv4;
import io.netmap4j.frames.Packet;
import io.netmap4j.linux.Mem;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import net.openhft.affinity.Affinity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(120)
class PipelineTest {
  static int number(PacketSlot packet) {
    int number = 0;
    for (int i = 3; i >= 0; i--) {
      number = number << 8 | Mem.getByte(packet.address() + 20 + i) & 0xFF;
    }
    return number;
  }

  /** A stage without state, which may be one object for all workers. */
  static Supplier<Stage> same(Stage stage) {
    return () -> stage;
  }

  static void assertAddsUp(PipelineCounts counts) {
    assertThat(counts.received())
        .as(counts.toString())
        .isEqualTo(counts.forwarded() + counts.consumed() + counts.dropped() + counts.held());
  }

  /** What lies in a pipe whose other end has not read it is not sent yet. */
  private static void stopWithUnread(Pipeline pipeline) {
    assertThat(pipeline.stop()).isFalse();
    assertThat(pipeline.running()).isZero();
  }

  static List<Integer> range(int from, int to) {
    return IntStream.range(from, to).boxed().toList();
  }

  @Test
  void withoutStagesItIsABridge() {
    try (Rig rig = new Rig();
        Pipeline pipeline = Rig.builder().open()) {
      pipeline.start();
      List<byte[]> out = new ArrayList<>();
      for (int n = 0; n < 20_000; n += 100) {
        rig.feedNumbers(n, n + 100);
        out.addAll(rig.collect(100));
      }
      assertThat(pipeline.stop()).isTrue();
      assertThat(Rig.numbers(out)).isEqualTo(range(0, 20_000));
      PipelineCounts counts = pipeline.counts();
      assertThat(counts.received()).isEqualTo(20_000);
      assertThat(counts.receivedBytes()).isEqualTo(20_000 * 60);
      assertThat(counts.forwarded()).isEqualTo(20_000);
      assertThat(counts.forwardedBytes()).isEqualTo(20_000 * 60);
      assertThat(counts.batches()).isBetween(1L, 20_000L);
      assertAddsUp(counts);
    }
  }

  @Test
  void eachVerdictIsCarriedOut() {
    Stage first =
        packet ->
            switch (number(packet) % 5) {
              case 0 -> Verdict.DROP;
              case 1 -> Verdict.CONSUME;
              case 2 -> Verdict.FORWARD;
              case 3 -> {
                packet.length(packet.length() + 4);
                yield Verdict.NEXT;
              }
              default -> throw new IOException("of packet " + number(packet));
            };
    AtomicInteger seen = new AtomicInteger();
    Stage second =
        packet -> {
          seen.incrementAndGet();
          return packet.length() == 64 ? Verdict.NEXT : Verdict.DROP;
        };
    try (Rig rig = new Rig();
        Pipeline pipeline =
            Rig.builder().stage("first", same(first)).stage("second", same(second)).open()) {
      pipeline.start();
      rig.feedNumbers(0, 500);
      List<byte[]> out = rig.collect(200);
      assertThat(pipeline.stop()).isTrue();
      assertThat(Rig.numbers(out))
          .isEqualTo(range(0, 500).stream().filter(n -> n % 5 == 2 || n % 5 == 3).toList());
      assertThat(out).allMatch(frame -> frame.length == (Rig.numberOf(frame) % 5 == 2 ? 60 : 64));
      assertThat(seen).hasValue(100);
      PipelineCounts counts = pipeline.counts();
      assertThat(counts.consumed()).isEqualTo(100);
      assertThat(counts.stages())
          .containsExactly(
              new PipelineCounts.StageCounts("first", 100, 100, 100),
              new PipelineCounts.StageCounts("second", 0, 0, 0));
      assertThat(pipeline.lastFault()).get().isInstanceOf(IOException.class);
      assertThat(pipeline.failure()).isEmpty();
      assertAddsUp(counts);
    }
  }

  /** Whatever a stage does wrong costs its packet, and nothing else. */
  @Test
  void wrongAnswersAreFaults() {
    List<Stage> wrong =
        List.of(
            packet -> null,
            packet -> Verdict.HOLD,
            packet -> {
              packet.sendTo(2);
              return Verdict.NEXT;
            },
            packet -> {
              packet.sendTo(-1);
              return Verdict.NEXT;
            },
            packet -> {
              packet.length(0);
              return Verdict.NEXT;
            },
            packet -> {
              packet.length(packet.capacity() + 1);
              return Verdict.NEXT;
            },
            packet -> {
              packet.hold();
              packet.hold();
              return Verdict.HOLD;
            },
            packet -> {
              throw new StackOverflowError();
            },
            packet -> {
              throw new AssertionError();
            },
            packet -> {
              packet.hold();
              throw new IllegalStateException("after hold()");
            });
    AtomicInteger next = new AtomicInteger();
    Stage stage =
        packet -> {
          int n = number(packet);
          return n % 2 == 0
              ? Verdict.NEXT
              : wrong.get(next.getAndIncrement() % wrong.size()).process(packet);
        };
    try (Rig rig = new Rig();
        Pipeline pipeline = Rig.builder().hold(4).stage("wrong", same(stage)).open()) {
      pipeline.start();
      int packets = 40 * wrong.size();
      rig.feedNumbers(0, packets);
      assertThat(Rig.numbers(rig.collect(packets / 2)))
          .isEqualTo(range(0, packets).stream().filter(n -> n % 2 == 0).toList());
      assertThat(pipeline.stop()).isTrue();
      assertThat(pipeline.counts().stages().get(0).failed()).isEqualTo(packets / 2);
      assertAddsUp(pipeline.counts());
    }
  }

  /** Looks at everything that a frame's views have. */
  private static Verdict readAll(PacketSlot slot) {
    Packet packet = slot.packet();
    long sum = packet.etherType() + packet.payloadLength() + packet.transportOffset();
    for (int v = 0; v < packet.vlans(); v++) {
      sum += packet.vlan(v).id();
    }
    if (packet.arp() != null) {
      sum += packet.arp().operation();
    }
    Ipv4 ipv4 = packet.ipv4();
    if (ipv4 != null) {
      sum += ipv4.totalLength() + (ipv4.checksumRight() ? 1 : 0);
    }
    if (packet.ipv6() != null) {
      sum += packet.ipv6().nextHeader();
    }
    if (packet.transportChecksumComputable()) {
      sum += packet.transportChecksumRight() ? 1 : 0;
      packet.updateTransportChecksum();
    }
    if (packet.tcp() != null) {
      sum += packet.tcp().destinationPort();
    }
    if (packet.udp() != null) {
      sum += packet.udp().destinationPort();
    }
    return sum == Long.MIN_VALUE ? Verdict.DROP : Verdict.NEXT;
  }

  /** Half of them are damaged; a stage that trusts them all the same fails, now and then. */
  @Test
  void noExceptionOfMalformedFramesLeavesIt() {
    int frames = 100_000;
    Stage careless =
        packet -> packet.packet().ipv4().protocol() == Packet.TCP ? Verdict.NEXT : Verdict.CONSUME;
    try (Rig rig = new Rig();
        Pipeline pipeline =
            Pipeline.builder("malformed")
                .source(Rig.IN)
                .stage("careful", same(PipelineTest::readAll))
                .stage("careless", same(careless))
                .open()) {
      pipeline.start();
      FrameMaker maker = new FrameMaker(7);
      for (int n = 0; n < frames; n++) {
        rig.feed(maker.next());
        if (n % 100 == 0) {
          rig.flush();
        }
      }
      rig.flush();
      awaitReceived(pipeline, frames);
      assertThat(pipeline.stop()).isTrue();
      PipelineCounts counts = pipeline.counts();
      assertThat(counts.stages().get(0).faults()).isZero();
      assertThat(counts.stages().get(1).faults()).isBetween(1000L, 99_000L);
      assertThat(counts.consumed()).isEqualTo(frames - counts.stages().get(1).faults());
      assertAddsUp(counts);
    }
  }

  private static void awaitReceived(Pipeline pipeline, long packets) {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (pipeline.counts().received() < packets && System.nanoTime() - deadline < 0) {
      Thread.onSpinWait();
    }
    assertThat(pipeline.counts().received()).isEqualTo(packets);
  }

  /** Holds each packet until {@code behind} more have come; the last ones until it stops. */
  private static class Delay implements Stage {
    private final int behind;
    private final boolean resumeAtStop;
    private final Deque<Held> held = new ArrayDeque<>();
    private Worker worker;
    int refused;

    Delay(int behind, boolean resumeAtStop) {
      this.behind = behind;
      this.resumeAtStop = resumeAtStop;
    }

    @Override
    public void start(Worker worker) {
      this.worker = worker;
    }

    @Override
    public Verdict process(PacketSlot packet) {
      Held mine = packet.hold();
      if (mine == null) {
        refused++;
        return Verdict.DROP;
      }
      held.add(mine);
      return Verdict.HOLD;
    }

    @Override
    public void tick(long nanos) {
      while (held.size() > behind) {
        worker.resume(held.remove());
      }
    }

    @Override
    public void stop() {
      while (resumeAtStop && !held.isEmpty()) {
        worker.resume(held.remove());
      }
    }
  }

  /** Packets of one slot and of several, which leave in order when others have come behind them. */
  @Test
  void heldPacketsGoOnWhenTheirStageSaysSo() {
    Delay one = new Delay(10, true);
    Delay other = new Delay(5, true);
    try (Rig rig = new Rig();
        Pipeline pipeline =
            Rig.builder().hold(64).stage("one", same(one)).stage("other", same(other)).open()) {
      pipeline.start();
      List<byte[]> in = new ArrayList<>();
      List<byte[]> out = new ArrayList<>();
      Random random = new Random(5);
      for (int round = 0; round < 200; round++) {
        for (int k = 0; k < 5; k++) {
          in.add(feedSlots(rig, in.size(), 1 + random.nextInt(3)));
        }
        rig.flush();
        out.addAll(rig.rest());
        awaitReceived(pipeline, in.size());
      }
      assertThat(pipeline.counts().held()).isBetween(1L, 30L);
      stopWithUnread(pipeline);
      out.addAll(rig.rest());
      assertThat(one.refused + other.refused).isZero();
      assertThat(pipeline.counts().held()).isZero();
      assertAddsUp(pipeline.counts());
      assertThat(Rig.numbers(out)).isEqualTo(range(0, in.size()));
      assertThat(out).hasSameSizeAs(in);
      for (int n = 0; n < in.size(); n++) {
        assertThat(out.get(n)).as("packet %d", n).isEqualTo(in.get(n));
      }
    }
  }

  /**
   * @return the bytes of the packet
   */
  private static byte[] feedSlots(Rig rig, int number, int slots) {
    byte[] all = new byte[60 * slots];
    for (int k = 0; k < slots; k++) {
      byte[] part = Rig.numbered(number);
      part[30] = (byte) k;
      rig.feed(part, k < slots - 1 ? Netmap.NS_MOREFRAG : 0);
      System.arraycopy(part, 0, all, 60 * k, 60);
    }
    return all;
  }

  @Test
  void whatIsStillHeldAtTheEndIsDropped() {
    Delay delay = new Delay(1000, false);
    try (Rig rig = new Rig();
        Pipeline pipeline = Rig.builder().hold(20).stage("delay", same(delay)).open()) {
      pipeline.start();
      rig.feedNumbers(0, 30);
      awaitReceived(pipeline, 30);
      assertThat(pipeline.stop()).isTrue();
      assertThat(delay.refused).isEqualTo(10);
      assertThat(pipeline.counts().stages().get(0).dropped()).isEqualTo(30);
      assertThat(pipeline.counts().held()).isZero();
      assertAddsUp(pipeline.counts());
      assertThat(rig.rest()).isEmpty();
    }
  }

  /** A packet that was given back is another one's by then. */
  @Test
  void aPacketIsGivenBackOnce() {
    AtomicInteger refused = new AtomicInteger();
    Stage stage =
        new Stage() {
          private Worker worker;

          @Override
          public void start(Worker worker) {
            this.worker = worker;
          }

          @Override
          public Verdict process(PacketSlot packet) {
            assertThatIllegalArgumentException().isThrownBy(() -> worker.holdable(2));
            Held held = packet.hold();
            assertThatIllegalStateException().isThrownBy(held::address);
            assertThatIllegalStateException().isThrownBy(() -> worker.resume(held));
            packets.add(held);
            return Verdict.HOLD;
          }

          private final List<Held> packets = new ArrayList<>();

          @Override
          public void tick(long nanos) {
            for (Held held : packets) {
              assertThat(held.length()).isEqualTo(60);
              assertThat(held.input()).isZero();
              worker.drop(held);
              assertThatIllegalStateException().isThrownBy(() -> worker.resume(held));
              assertThatIllegalStateException().isThrownBy(() -> worker.drop(held));
              assertThatIllegalStateException().isThrownBy(held::length);
              refused.incrementAndGet();
            }
            packets.clear();
          }
        };
    try (Rig rig = new Rig();
        Pipeline pipeline = Rig.builder().hold(8).stage("stage", same(stage)).open()) {
      pipeline.start();
      for (int n = 0; n < 50; n++) {
        rig.feedNumbers(n, n + 1);
        awaitReceived(pipeline, n + 1);
      }
      assertThat(pipeline.stop()).isTrue();
      assertThat(pipeline.lastFault()).isEmpty();
      assertThat(pipeline.counts().stages().get(0).dropped()).isEqualTo(50);
      assertThat(refused.get()).isPositive();
    }
  }

  /** Nobody reads at the other end: with WAIT everything waits, with DROP the rest is lost. */
  @ParameterizedTest
  @EnumSource(WhenFull.class)
  void aFullOutput(WhenFull policy) {
    int packets = 5000;
    try (Rig rig = new Rig();
        Pipeline pipeline =
            Rig.builder().whenFull(policy).stage("pass", same(packet -> Verdict.NEXT)).open()) {
      pipeline.start();
      Thread feeder = new Thread(() -> rig.feedNumbers(0, packets));
      feeder.start();
      if (policy == WhenFull.DROP) {
        awaitReceived(pipeline, packets);
        assertThat(pipeline.counts().full()).isPositive();
        assertThat(Rig.numbers(rig.rest()))
            .isEqualTo(range(0, (int) pipeline.counts().forwarded()));
      } else {
        long deadline = System.nanoTime() + 500_000_000L;
        while (System.nanoTime() - deadline < 0) {
          assertThat(pipeline.counts().received()).isLessThan(packets);
        }
        assertThat(Rig.numbers(rig.collect(packets))).isEqualTo(range(0, packets));
        assertThat(pipeline.counts().full()).isZero();
      }
      assertThat(pipeline.stop()).isTrue();
      assertAddsUp(pipeline.counts());
      join(feeder);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join(20_000);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    assertThat(thread.isAlive()).isFalse();
  }

  /** What waits for room at the end is counted, and its buffers come back. */
  @Test
  void stopsWhenItsOutputStaysFull() {
    Delay delay = new Delay(0, true);
    try (Rig rig = new Rig();
        Pipeline pipeline = Rig.builder().drain(50).hold(10).stage("delay", same(delay)).open()) {
      pipeline.start();
      Thread feeder = new Thread(() -> rig.feedNumbers(0, 1500));
      feeder.start();
      long deadline = System.nanoTime() + 20_000_000_000L;
      while (pipeline.counts().sleeps() < 10 && System.nanoTime() - deadline < 0) {
        Thread.onSpinWait();
      }
      assertThat(pipeline.stop()).isFalse();
      assertThat(pipeline.running()).isZero();
      assertAddsUp(pipeline.counts());
      pipeline.close();
      try (NetmapPort end = Netmap.open(Rig.IN)) { // lets the feeder end
        while (feeder.isAlive()) {
          end.poll(NetmapPort.POLLIN, 10);
          end.rx(end.firstRxRing()).advance(end.rx(end.firstRxRing()).tail());
        }
      }
    }
  }

  /** Out of the port that it came in by, and out of a chosen one. */
  @Test
  void aStageChoosesTheOutput() {
    Stage stage =
        packet -> {
          assertThat(packet.output()).isEqualTo(1 - packet.input());
          packet.sendTo(number(packet) % 2);
          return Verdict.NEXT;
        };
    try (Rig rig = new Rig();
        NetmapPort back = Netmap.open("netmap:in{0/R");
        Pipeline pipeline = Rig.builder().stage("choose", same(stage)).open()) {
      pipeline.start();
      rig.feedNumbers(0, 200);
      assertThat(Rig.numbers(rig.collect(100)))
          .isEqualTo(range(0, 200).stream().filter(n -> n % 2 == 1).toList());
      NetmapRing rx = back.rx(back.firstRxRing());
      for (int n = 0; n < 200; n += 2) {
        while (rx.isEmpty()) {
          assertThat(back.poll(NetmapPort.POLLIN, 10_000)).isPositive();
        }
        assertThat(Rig.numberOf(rx.get(rx.head()))).isEqualTo(n);
        rx.advance(rx.next(rx.head()));
      }
      back.rxSync();
      assertThat(pipeline.stop()).isTrue();
    }
  }

  /** A card of four rings and its partner: each worker has a ring of each, and flows keep order. */
  @Test
  void aThreadForEachRing() {
    NetmapPort.Request four =
        NetmapPort.Request.DEFAULT.nic(NicOptions.DEFAULT.rings(4, 4).dropWhenFull(false));
    List<Thread> threads = new CopyOnWriteArrayList<>();
    int packets = 20_000;
    int flows = 64;
    long[] lastOfFlow = new long[flows];
    AtomicLong[] got = {new AtomicLong()};
    AtomicBoolean disorder = new AtomicBoolean();
    try (NetmapPort sender = Netmap.open("netmap:model0", four);
        Pipeline pipeline =
            Pipeline.builder("rings")
                .port("netmap:model1", four)
                .hold(16)
                .stage(
                    "check",
                    () ->
                        new Stage() {
                          @Override
                          public void start(Worker worker) {
                            threads.add(Thread.currentThread());
                          }

                          @Override
                          public Verdict process(PacketSlot packet) {
                            int flow = packet.packet().udp().sourcePort();
                            int at = packet.packet().payloadOffset();
                            long sequence =
                                Integer.toUnsignedLong(
                                    Integer.reverseBytes(Mem.getInt(packet.address() + at)));
                            if (lastOfFlow[flow] >= sequence) { // one thread for a flow
                              disorder.set(true);
                            }
                            lastOfFlow[flow] = sequence;
                            got[0].incrementAndGet();
                            return Verdict.CONSUME;
                          }
                        })
                .open()) {
      assertThat(pipeline.threads()).isEqualTo(4);
      pipeline.start();
      assertThat(threads).hasSize(4).doesNotHaveDuplicates();
      assertThat(sender.awaitLink(10_000)).isTrue();
      NetmapRing tx = sender.tx(0);
      byte[] frame = udp();
      for (int n = 1; n <= packets; n++) {
        while (tx.space() == 0) {
          assertThat(sender.poll(NetmapPort.POLLOUT, 10_000)).isPositive();
        }
        frame[34] = 0;
        frame[35] = (byte) (n % flows);
        tx.put(tx.head(), frame);
        tx.putInt(tx.head(), 42, n);
        tx.advance(tx.next(tx.head()));
        if (n % 64 == 0) {
          sender.txSync();
        }
      }
      assertThat(sender.drain(10_000)).isTrue();
      awaitReceived(pipeline, packets);
      assertThat(pipeline.stop()).isTrue();
      assertThat(got[0]).hasValue(packets);
      assertThat(disorder).isFalse();
      assertThat(pipeline.counts().consumed()).isEqualTo(packets);
    }
  }

  /** From 10.0.0.1 to 10.0.0.2, with 18 bytes behind the UDP header. */
  private static byte[] udp() {
    byte[] frame = new byte[60];
    byte[] head = {8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2};
    System.arraycopy(head, 0, frame, 12, head.length);
    frame[39] = 26; // UDP length
    return frame;
  }

  /** A switch's ports are in another memory than the pipes. */
  @Test
  void betweenTwoMemoriesPacketsAreCopied() {
    Delay delay =
        new Delay(3, true) {
          @Override
          public Verdict process(PacketSlot packet) {
            return number(packet) % 2 == 0 ? super.process(packet) : Verdict.NEXT;
          }
        };
    try (Rig rig = new Rig();
        NetmapPort listener = Netmap.open("vale9:listener");
        Pipeline pipeline =
            Pipeline.builder("copies")
                .port(Rig.IN)
                .port("vale9:pipeline")
                .hold(64)
                .tick(5)
                .stage("delay", same(delay))
                .open()) {
      assertThat(pipeline.ports().get(0).memory()).isNotEqualTo(pipeline.ports().get(1).memory());
      pipeline.start();
      NetmapRing rx = listener.rx(0);
      List<Integer> got = new ArrayList<>();
      for (int round = 0; round < 50; round++) {
        int from = 20 * round;
        for (int n = from; n < from + 20; n++) {
          byte[] frame = Rig.numbered(n);
          frame[0] = -1; // broadcast
          frame[6] = 2;
          rig.feed(frame);
        }
        rig.flush();
        awaitReceived(pipeline, from + 20);
        listener.rxSync();
        for (; !rx.isEmpty(); rx.advance(rx.next(rx.head()))) {
          got.add(Rig.numberOf(rx.get(rx.head())));
        }
      }
      assertThat(pipeline.stop()).isTrue();
      listener.rxSync();
      for (; !rx.isEmpty(); rx.advance(rx.next(rx.head()))) {
        got.add(Rig.numberOf(rx.get(rx.head())));
      }
      assertAddsUp(pipeline.counts());
      assertThat(got)
          .as("%s %s", pipeline.counts(), pipeline.lastFault())
          .containsExactlyInAnyOrderElementsOf(range(0, 1000));
    }
  }

  /** A card sends no frame longer than its MTU allows, and none of more slots than it takes. */
  @Test
  void whatItsOutputCannotSendIsRefused() {
    try (Rig rig = new Rig();
        Pipeline pipeline = Pipeline.builder("card").port(Rig.IN).sink("netmap:model0").open()) {
      pipeline.start();
      rig.feed(new byte[pipeline.ports().get(1).maxFrame() + 1]);
      rig.feed(new byte[pipeline.ports().get(1).maxFrame()]);
      feedSlots(rig, 1, pipeline.ports().get(1).maxSlots() + 1);
      rig.flush();
      awaitReceived(pipeline, 3);
      pipeline.stop();
      assertThat(pipeline.counts().refused()).isEqualTo(2);
      assertThat(pipeline.counts().forwarded()).isEqualTo(1);
      assertAddsUp(pipeline.counts());
    }
  }

  /** Of packets as they come, and of held ones; the copy is of the moment. */
  @Test
  void copiesGoBesideThePacket() {
    Stage mirror =
        packet -> {
          assertThat(packet.copyTo(1)).isTrue();
          packet.length(70);
          assertThat(packet.copyTo(1)).isTrue();
          return Verdict.CONSUME;
        };
    try (Rig rig = new Rig();
        Pipeline pipeline =
            Rig.builder()
                .hold(300)
                .stage("delay", same(new Delay(0, true)))
                .stage(
                    "mirror",
                    same(packet -> number(packet) % 2 == 0 ? Verdict.NEXT : mirror.process(packet)))
                .open()) {
      pipeline.start();
      rig.feedNumbers(0, 200);
      List<byte[]> out = rig.collect(300);
      assertThat(pipeline.stop()).isTrue();
      List<Integer> wanted = new ArrayList<>();
      range(0, 200).forEach(n -> wanted.addAll(n % 2 == 0 ? List.of(n) : List.of(n, n)));
      assertThat(Rig.numbers(out)).isEqualTo(wanted);
      assertThat(out.get(1)).hasSize(60);
      assertThat(out.get(2)).hasSize(70);
      assertThat(pipeline.counts().copies()).isEqualTo(200);
      assertAddsUp(pipeline.counts());
    }
  }

  @Test
  void nothingIsAllocatedForAPacket() {
    ThreadMXBean beans = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    AtomicLong id = new AtomicLong();
    Stage stage =
        new Stage() {
          @Override
          public void start(Worker worker) {
            id.set(Thread.currentThread().getId());
          }

          @Override
          public Verdict process(PacketSlot packet) {
            return packet.packet().etherType() == 0x88B5 ? Verdict.NEXT : Verdict.DROP;
          }
        };
    try (Rig rig = new Rig();
        Pipeline pipeline =
            Rig.builder()
                .hold(512)
                .waitMode(WaitMode.SPIN)
                .stage("look", same(stage))
                .stage("delay", same(new FixedDelay()))
                .open()) {
      pipeline.start();
      long before = 0;
      int rounds = 20_000;
      for (int round = 0; round < 2 * rounds; round++) {
        if (round == rounds) {
          before = beans.getThreadAllocatedBytes(id.get());
        }
        rig.feedNumbers(round, round + 1);
        if (round % 100 == 99) {
          rig.collect(100);
        }
      }
      long allocated = beans.getThreadAllocatedBytes(id.get()) - before;
      assertThat(pipeline.stop()).isTrue();
      assertThat(allocated / rounds).as("%d bytes for %d packets", allocated, rounds).isZero();
    }
  }

  /** Holds a packet until the next tick, without allocating. */
  private static final class FixedDelay implements Stage {
    private final Held[] held = new Held[512];
    private int count;
    private Worker worker;

    @Override
    public void start(Worker worker) {
      this.worker = worker;
    }

    @Override
    public Verdict process(PacketSlot packet) {
      held[count] = packet.hold();
      return held[count++] == null ? Verdict.DROP : Verdict.HOLD;
    }

    @Override
    public void tick(long nanos) {
      for (int i = 0; i < count; i++) {
        worker.resume(held[i]);
      }
      count = 0;
    }
  }

  @Test
  void aStageThatDoesNotReturnHoldsUpOnlyItsThread() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    Stage stuck =
        packet -> {
          inside.countDown();
          leave.await();
          return Verdict.NEXT;
        };
    try (Rig rig = new Rig();
        Pipeline pipeline = Rig.builder().drain(50).stage("stuck", same(stuck)).open()) {
      pipeline.start();
      rig.feedNumbers(0, 1);
      inside.await();
      assertThat(pipeline.stop()).isFalse();
      assertThat(pipeline.running()).isEqualTo(1);
      leave.countDown();
      pipeline.await();
      stopWithUnread(pipeline);
      assertAddsUp(pipeline.counts());
    }
  }

  @Test
  void aStageThatDoesNotStartEndsThePipeline() {
    List<String> calls = new CopyOnWriteArrayList<>();
    class Recorder implements Stage {
      private final String name;

      Recorder(String name) {
        this.name = name;
      }

      @Override
      public void start(Worker worker) throws IOException {
        calls.add("start " + name);
        if (name.equals("b")) {
          throw new IOException("no rules");
        }
      }

      @Override
      public Verdict process(PacketSlot packet) {
        return Verdict.NEXT;
      }

      @Override
      public void stop() {
        calls.add("stop " + name);
      }
    }
    try (Rig rig = new Rig();
        Pipeline pipeline =
            Rig.builder()
                .stage("a", () -> new Recorder("a"))
                .stage("b", () -> new Recorder("b"))
                .stage("c", () -> new Recorder("c"))
                .open()) {
      assertThat(rig.rest()).isEmpty();
      assertThatIllegalStateException()
          .isThrownBy(pipeline::start)
          .withMessageContaining("no rules")
          .withCauseInstanceOf(IOException.class);
      assertThat(pipeline.failure()).get().isInstanceOf(IOException.class);
      pipeline.stop();
      assertThat(calls).containsExactly("start a", "start b", "stop a", "stop b");
      assertThatIllegalStateException().isThrownBy(pipeline::start);
    }
  }

  /** As when its device has gone: a sync returns EIO. */
  @Test
  void aPortThatIsGoneEndsThePipeline() throws Exception {
    try (Rig rig = new Rig();
        Pipeline pipeline = Rig.builder().open()) {
      pipeline.start();
      rig.feedNumbers(0, 10);
      rig.collect(10);
      pipeline.ports().get(0).close();
      pipeline.await();
      assertThat(pipeline.failure()).get().isInstanceOf(NetmapException.class);
      assertThat(pipeline.stop()).isFalse();
      assertAddsUp(pipeline.counts());
    }
  }

  @Test
  void threadsArePinned() {
    BitSet allowed = Affinity.getAffinity();
    int last = allowed.length() - 1;
    List<BitSet> seen = new CopyOnWriteArrayList<>();
    Stage look =
        new Stage() {
          @Override
          public void start(Worker worker) {
            seen.add(Affinity.getAffinity());
          }

          @Override
          public Verdict process(PacketSlot packet) {
            return Verdict.NEXT;
          }
        };
    BitSet only = new BitSet();
    only.set(last);
    try (Rig rig = new Rig()) {
      for (int[] processors : new int[][] {{}, {last}}) {
        try (Pipeline pipeline = Rig.builder().pin(processors).stage("look", same(look)).open()) {
          pipeline.start();
        }
      }
      assertThat(seen).containsExactly(only, only);
      assertThat(Affinity.getAffinity()).as("of the caller").isEqualTo(allowed);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Rig.builder().pin(last + 1).open())
          .withMessageContaining("processor " + (last + 1));
      assertThat(rig.rest()).isEmpty();
    }
  }

  @Test
  void whatCannotBeIsRefusedAndNothingStaysOpen() {
    try (Rig rig = new Rig()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Pipeline.builder("none").open())
          .withMessageContaining("no port that packets come from");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Pipeline.builder("sink").sink(Rig.OUT).open());
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Rig.builder().port(Rig.IN).open())
          .withMessageContaining("same rings");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Rig.builder().threads(2).open())
          .withMessageContaining("2 threads, but only 1");
      assertThatIllegalArgumentException().isThrownBy(() -> Rig.builder().threads(0));
      assertThatIllegalArgumentException().isThrownBy(() -> Rig.builder().batch(0));
      assertThatIllegalArgumentException().isThrownBy(() -> Rig.builder().hold(-1));
      assertThatIllegalArgumentException().isThrownBy(() -> Rig.builder().tick(0));
      assertThatIllegalArgumentException().isThrownBy(() -> Rig.builder().drain(-1));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Pipeline.builder("no-rx").source("netmap:other{0/T").open())
          .withMessageContaining("RX");
      assertThatThrownBy(() -> Rig.builder().hold(100_000_000).open())
          .isInstanceOf(NetmapException.class)
          .hasMessageContaining("memory.buf-num");
      assertThatThrownBy(() -> Rig.builder().port("netmap:no-such-device").open())
          .isInstanceOf(NetmapException.class);
      assertThatThrownBy(() -> Rig.builder().stage("null", () -> null).open())
          .isInstanceOf(NullPointerException.class)
          .hasMessageContaining("stage null");
      assertThat(rig.rest()).isEmpty();
    }
  }

  @Test
  void aStageMayStopIt() throws Exception {
    Pipeline[] self = {null};
    Stage stage = packet -> self[0].stop() ? Verdict.DROP : Verdict.NEXT;
    try (Rig rig = new Rig();
        Pipeline pipeline = Rig.builder().batch(1).stage("stop", same(stage)).open()) {
      self[0] = pipeline;
      pipeline.start();
      rig.feedNumbers(0, 1);
      pipeline.await();
      stopWithUnread(pipeline);
      assertThat(Rig.numbers(rig.rest())).isEqualTo(range(0, 1));
    }
  }
}
