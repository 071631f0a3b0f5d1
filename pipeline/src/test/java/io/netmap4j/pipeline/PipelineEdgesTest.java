package io.netmap4j.pipeline;

import static io.netmap4j.pipeline.PipelineTest.assertAddsUp;
import static io.netmap4j.pipeline.PipelineTest.number;
import static io.netmap4j.pipeline.PipelineTest.range;
import static io.netmap4j.pipeline.PipelineTest.same;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.Offsets;
import io.netmap4j.linux.Mem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Packets at an offset, outputs that are gone, a JVM that fails, calls at the wrong time. */
@Timeout(120)
class PipelineEdgesTest {
  private static final NetmapPort.Request AT_128 = offsets(128, 256);

  private static NetmapPort.Request offsets(int initial, int max) {
    return NetmapPort.Request.DEFAULT.offsets(new Offsets(initial, max, 0, 0));
  }

  /** A stage that knows its worker, and holds. */
  private abstract static class Holder implements Stage {
    Worker worker;
    final List<Held> held = new ArrayList<>();

    @Override
    public void start(Worker mine) {
      worker = mine;
    }

    Verdict hold(PacketSlot packet) {
      Held one = packet.hold();
      if (one == null) {
        return Verdict.DROP;
      }
      held.add(one);
      return Verdict.HOLD;
    }

    void resumeAll() {
      held.forEach(worker::resume);
      held.clear();
    }
  }

  /** Until the next tick. */
  private static final class HoldAll extends Holder {
    @Override
    public Verdict process(PacketSlot packet) {
      return hold(packet);
    }

    @Override
    public void tick(long nanos) {
      resumeAll();
    }
  }

  private static void send(NetmapPort port, byte[]... frames) {
    NetmapRing tx = port.tx(port.firstTxRing());
    for (byte[] frame : frames) {
      tx.put(tx.head(), frame);
      tx.advance(tx.next(tx.head()));
    }
    port.txSync();
  }

  private static byte[] receive(NetmapPort port) {
    NetmapRing rx = port.rx(port.firstRxRing());
    assertThat(port.poll(NetmapPort.POLLIN, 20_000)).isEqualTo(NetmapPort.POLLIN);
    byte[] frame = rx.get(rx.head());
    rx.advance(rx.next(rx.head()));
    port.rxSync();
    return frame;
  }

  private static byte[] full(int length) {
    byte[] frame = new byte[length];
    Arrays.fill(frame, (byte) 0xEE);
    return frame;
  }

  /** An output without offsets, or with smaller ones, in the same memory: the packet is copied. */
  @Test
  void anOffsetThatTheOutputCannotHaveIsNoFault() {
    for (NetmapPort.Request out : List.of(NetmapPort.Request.DEFAULT, offsets(0, 64))) {
      for (boolean held : new boolean[] {false, true}) {
        Pipeline.Builder builder =
            Pipeline.builder("offsets").port("netmap:at}0", AT_128).port("netmap:to{0", out);
        if (held) {
          builder.hold(8).stage("hold", HoldAll::new).tick(5);
        }
        try (NetmapPort feeder = Netmap.open("netmap:at{0", AT_128);
            NetmapPort collector = Netmap.open("netmap:to}0", out);
            Pipeline pipeline = builder.open()) {
          pipeline.start();
          for (int n = 1; n < 4; n++) {
            send(feeder, full(60 * n));
            assertThat(receive(collector)).isEqualTo(full(60 * n));
          }
          assertThat(pipeline.stop()).isTrue();
          assertThat(pipeline.counts().forwarded()).isEqualTo(3);
        }
      }
    }
  }

  /** A buffer full of bytes goes into a slot whose packets begin in the middle: at its start. */
  @Test
  void aCopyStaysInItsBuffer() {
    Stage copy =
        packet -> {
          assertThat(packet.copyTo(1)).isTrue();
          return Verdict.CONSUME;
        };
    for (boolean held : new boolean[] {false, true}) {
      Pipeline.Builder builder =
          Pipeline.builder("copies").port("netmap:at}0").port("netmap:to{0", AT_128);
      if (held) {
        builder.hold(8).stage("hold", HoldAll::new).tick(5);
      }
      try (NetmapPort feeder = Netmap.open("netmap:at{0");
          NetmapPort collector = Netmap.open("netmap:to}0", AT_128);
          Pipeline pipeline = builder.stage("copy", same(copy)).open()) {
        NetmapPort out = pipeline.ports().get(1);
        NetmapRing tx = out.tx(out.firstTxRing());
        long behind = tx.buffer(tx.head()) - tx.offset(tx.head()) + tx.bufSize();
        Mem.set(behind, 256, (byte) 0x11);
        pipeline.start();
        byte[] frame = full(tx.bufSize());
        send(feeder, frame);
        assertThat(receive(collector)).isEqualTo(frame);
        for (int i = 0; i < 256; i++) {
          assertThat(Mem.getByte(behind + i)).isEqualTo((byte) 0x11);
        }
        assertThat(pipeline.lastFault()).isEmpty();
      }
    }
  }

  @Test
  void anOutputThatIsGoneEndsThePipeline() throws Exception {
    Stage copy = packet -> packet.copyTo(1) ? Verdict.NEXT : Verdict.CONSUME;
    for (boolean copies : new boolean[] {false, true}) {
      Pipeline.Builder builder = Pipeline.builder("gone").source(Rig.IN).sink(Rig.OUT);
      if (copies) {
        builder.stage("copy", same(copy));
      }
      try (Rig rig = new Rig();
          Pipeline pipeline = builder.open()) {
        pipeline.start();
        rig.feedNumbers(0, 10);
        rig.collect(copies ? 20 : 10);
        pipeline.ports().get(1).close();
        if (copies) { // while it is idle, and while it sends
          rig.feedNumbers(10, 600);
        }
        pipeline.await();
        assertThat(pipeline.failure()).get().isInstanceOf(NetmapException.class);
        assertThat(pipeline.lastFault()).isEmpty();
        assertAddsUp(pipeline.counts());
      }
    }
  }

  /** Each packet lets the one before it go: two buffers are enough. */
  @Test
  void aResumedPacketGoesOnAfterTheOneInProgress() {
    class OneBehind extends Holder {
      @Override
      public Verdict process(PacketSlot packet) {
        resumeAll();
        return hold(packet);
      }
    }
    try (Rig rig = new Rig();
        Pipeline pipeline = Rig.builder().hold(2).stage("one behind", OneBehind::new).open()) {
      rig.feedNumbers(0, 100); // one batch
      pipeline.start();
      assertThat(Rig.numbers(rig.collect(99))).isEqualTo(range(0, 99));
      assertThat(pipeline.stop()).isTrue();
      assertThat(pipeline.counts().dropped()).isEqualTo(1);
      assertAddsUp(pipeline.counts());
    }
  }

  @Test
  void aFailedJvmEndsItAndNoPacketComesTwice() throws Exception {
    List<String> stopped = new CopyOnWriteArrayList<>();
    class Failing implements Stage {
      private final String name;

      Failing(String name) {
        this.name = name;
      }

      @Override
      public Verdict process(PacketSlot packet) {
        if (number(packet) == 5) {
          throw new OutOfMemoryError("of a test");
        }
        return Verdict.NEXT;
      }

      @Override
      public void stop() {
        stopped.add(name);
        throw new OutOfMemoryError("of a test, in stop()");
      }
    }
    List<Integer> second = new ArrayList<>();
    Stage see =
        packet -> {
          second.add(number(packet));
          return Verdict.CONSUME;
        };
    try (Rig rig = new Rig();
        NetmapPort keep = Netmap.open(Rig.IN + "/T")) { // its rings stay
      assertThat(keep.isOpen()).isTrue();
      rig.feedNumbers(0, 10);
      try (Pipeline pipeline =
          Pipeline.builder("first")
              .source(Rig.IN)
              .sink(Rig.OUT)
              .stage("a", () -> new Failing("a"))
              .stage("b", () -> new Failing("b"))
              .open()) {
        try {
          pipeline.start();
        } catch (IllegalStateException e) { // it may fail sooner or later
          assertThat(e).hasCauseInstanceOf(OutOfMemoryError.class);
        }
        pipeline.await();
        assertThat(pipeline.failure()).get().isInstanceOf(OutOfMemoryError.class);
        assertThat(stopped).containsExactly("a", "b");
        PipelineCounts counts = pipeline.counts();
        assertThat(counts.received()).isEqualTo(6);
        assertThat(counts.stages().get(0).failed()).isEqualTo(1);
        assertAddsUp(counts);
      }
      try (Pipeline pipeline =
          Pipeline.builder("second").source(Rig.IN).stage("see", same(see)).open()) {
        pipeline.start();
        while (pipeline.counts().received() < 4) {
          Thread.sleep(1);
        }
        pipeline.stop();
      }
      assertThat(second).isEqualTo(range(6, 10));
      rig.rest();
    }
  }

  @Test
  void whatCannotBeCalledNow() throws Exception {
    Pipeline[] self = {null};
    Stage waits =
        packet -> {
          self[0].await();
          return Verdict.NEXT;
        };
    try (Rig rig = new Rig()) {
      try (Pipeline pipeline = Rig.builder().open()) {
        assertThat(pipeline.stop()).isFalse();
        assertThatIllegalStateException()
            .isThrownBy(pipeline::start)
            .withMessageContaining("stopped");
      }
      try (Pipeline pipeline = Rig.builder().stage("waits", same(waits)).open()) {
        self[0] = pipeline;
        pipeline.start();
        rig.feedNumbers(0, 1);
        while (pipeline.lastFault().isEmpty()) {
          Thread.sleep(1);
        }
        assertThat(pipeline.lastFault()).get().isInstanceOf(IllegalStateException.class);
        assertThat(pipeline.stop()).isTrue();
      }
    }
  }

  /** What a builder is told after open() is of its next pipeline. */
  @Test
  void aBuilderMayBeUsedAgain() throws Exception {
    Pipeline.Builder builder = Rig.builder();
    try (Rig rig = new Rig();
        Pipeline pipeline = builder.open()) {
      builder.whenFull(WhenFull.DROP).stage("drop", same(packet -> Verdict.DROP));
      pipeline.start();
      rig.feedNumbers(0, 100);
      assertThat(Rig.numbers(rig.collect(100))).isEqualTo(range(0, 100));
      assertThat(pipeline.counts().stages()).isEmpty();
      assertThat(pipeline.stop()).isTrue();
    }
  }

  /** An exception whose own methods throw, and one after it: the last one is shown. */
  @Test
  void aFaultThatCannotBePrintedIsContained() throws Exception {
    class Unprintable extends RuntimeException {
      private static final long serialVersionUID = 1;

      @Override
      public String getMessage() {
        throw new IllegalStateException("in getMessage");
      }
    }
    Stage stage =
        packet -> {
          if (number(packet) == 0) {
            throw new Unprintable();
          }
          throw new IllegalArgumentException("of packet " + number(packet));
        };
    try (Rig rig = new Rig();
        Pipeline pipeline = Rig.builder().stage("faulty", same(stage)).open()) {
      pipeline.start();
      rig.feedNumbers(0, 3);
      while (pipeline.counts().received() < 3) {
        Thread.sleep(1);
      }
      assertThat(pipeline.stop()).isTrue();
      assertThat(pipeline.failure()).isEmpty();
      assertThat(pipeline.counts().stages().get(0).faults()).isEqualTo(3);
      assertThat(pipeline.lastFault())
          .get()
          .hasToString("java.lang.IllegalArgumentException: of packet 2");
    }
  }

  /** A stage that is interrupted ends nobody's wait for what is still to be sent. */
  @Test
  void anInterruptedStageDoesNotShortenTheDrain() throws Exception {
    class Interrupts implements Stage {
      @Override
      public Verdict process(PacketSlot packet) {
        return Verdict.NEXT;
      }

      @Override
      public void stop() {
        Thread.currentThread().interrupt();
      }
    }
    CountDownLatch stopping = new CountDownLatch(1);
    try (Rig rig = new Rig();
        Pipeline pipeline =
            Rig.builder().drain(20_000).stage("interrupts", Interrupts::new).open()) {
      pipeline.start();
      rig.feedNumbers(0, 10);
      while (pipeline.counts().forwarded() < 10) {
        Thread.sleep(1);
      }
      Thread reader =
          new Thread(
              () -> {
                try {
                  stopping.await();
                  Thread.sleep(100);
                } catch (InterruptedException e) {
                  return;
                }
                rig.collect(10);
              });
      reader.start();
      stopping.countDown();
      assertThat(pipeline.stop()).isTrue();
      reader.join();
    }
  }

  @Test
  void aStageThatFailsToStartHasTheOthersStopped() {
    Stage bad =
        new Stage() {
          @Override
          public void start(Worker worker) {
            throw new OutOfMemoryError("of a test");
          }

          @Override
          public Verdict process(PacketSlot packet) {
            return Verdict.NEXT;
          }
        };
    try (Rig rig = new Rig();
        Pipeline pipeline = Rig.builder().stage("bad", same(bad)).open()) {
      assertThatThrownBy(pipeline::start).hasCauseInstanceOf(OutOfMemoryError.class);
      assertThat(rig.rest()).isEmpty();
    }
  }
}
