package io.netmap4j.ixgbe;

import static io.netmap4j.ixgbe.ModelTraffic.NIC;
import static io.netmap4j.ixgbe.ModelTraffic.assertDmaStaysInBuffers;
import static io.netmap4j.ixgbe.ModelTraffic.assertNoViolations;
import static io.netmap4j.ixgbe.ModelTraffic.frame;
import static io.netmap4j.ixgbe.ModelTraffic.put;
import static io.netmap4j.ixgbe.ModelTraffic.setup;
import static io.netmap4j.ixgbe.ModelTraffic.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import io.netmap4j.NetmapForward;
import io.netmap4j.NetmapRing;
import io.netmap4j.PacketVisitor;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.linux.Libc;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link NetmapForward} between rings of this driver, against the same done slot by slot. */
@Timeout(60)
@Tag(SuiteRunner.TAG)
@Order(3)
class ForwardTest {
  private static final int[] BAD = {0, 1, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 0x00ff_ffff};

  /** Rings of different sizes, so that all four positions wrap at different times. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void leavesTheSameAsSlotBySlot(long seed) {
    Random random = new Random(seed);
    try (ForwardTwin pass = new ForwardTwin(seed, true);
        ForwardTwin slots = new ForwardTwin(seed, false)) {
      for (int round = 0; round < 600; round++) {
        long step = random.nextLong();
        pass.round(step);
        slots.round(step);
        String at = "seed " + seed + ", round " + round;
        assertSame("packets visited, " + at, pass.seen, slots.seen);
        assertSame("rings and descriptors, " + at, pass.state(), slots.state());
        pass.seen.clear();
        slots.seen.clear();
      }
      assertThat(pass.quick).as("slots that went in one pass").isGreaterThan(800);
    }
  }

  /** The first difference, not two long lists. */
  private static void assertSame(String what, List<?> pass, List<?> slots) {
    for (int i = 0; i < Math.min(pass.size(), slots.size()); i++) {
      assertThat(pass.get(i)).as(what + ", line " + i).isEqualTo(slots.get(i));
    }
    assertThat(pass).as(what).hasSameSizeAs(slots);
  }

  @Test
  void asksForAReportEvery32ndDescriptorAcrossCallsAndWhenTheRingIsFull() {
    try (ForwardTwin twin = new ForwardTwin(9, true)) {
      twin.arrive(90, 60);
      assertThat(twin.forward.forward(20)).isEqualTo(20);
      assertThat(twin.forward.forward(70)).isEqualTo(70);
      assertThat(twin.reports()).as("descriptors with RS").containsExactly(31, 63);
      twin.arrive(90, 60);
      assertThat(twin.forward.forward(90)).isEqualTo(ForwardTwin.TX_SLOTS - 1 - 90);
      assertThat(twin.reports()).as("descriptors with RS").containsExactly(31, 63, 95, 127, 134);
    }
  }

  /** Packets that nobody takes out leave the card with less than it could have. */
  @Test
  void theCardIsToldOfWhatWasReleasedWhenItHasNoMoreLeft() {
    try (ForwardTwin twin = new ForwardTwin(9, true)) {
      twin.arrive(31, 60);
      assertThat(twin.forward.forward(31)).isEqualTo(31);
      assertThat(twin.untold()).isEqualTo(31);
      twin.arrive(ForwardTwin.RX_SLOTS - 1 - 2 * 31, 60);
      twin.receive();
      assertThat(twin.untold()).as("descriptors that the card is not told of").isZero();
    }
  }

  /** Else each call would take in what has come meanwhile, and never find the ring empty. */
  @Test
  void aBacklogIsForwardedBeforeMoreIsTakenIn() {
    try (ForwardTwin twin = new ForwardTwin(1, true)) {
      twin.arrive(40, 60);
      twin.receive();
      assertEquals(40, twin.rx.space());
      for (int left : new int[] {24, 8}) {
        twin.arrive(8, 60);
        assertEquals(16, twin.forward.forward(16));
        assertEquals(left, twin.rx.space());
      }
      assertEquals(16, twin.forward.forward(16));
      assertEquals(0, twin.rx.space(), "8 packets of the backlog, 8 of those that came");
      assertEquals(8, twin.forward.forward(16));
      assertEquals(ForwardTwin.TX_SLOTS - 1 - 56, twin.tx.space(), "all are on their way");
    }
  }

  /** A backlog that the visitor keeps is no reason not to receive. */
  @Test
  void aVisitorMayWaitForMore() {
    try (ForwardTwin twin = new ForwardTwin(1, true)) {
      PacketVisitor visitor =
          (address, length) -> twin.rx.space() >= 30 ? length : PacketVisitor.STOP;
      twin.arrive(20, 60);
      assertEquals(0, twin.forward.forward(100, visitor));
      assertEquals(20, twin.rx.space());
      twin.arrive(20, 60);
      assertEquals(0, twin.forward.forward(100, visitor));
      assertEquals(40, twin.rx.space(), "taken in by that call");
      assertEquals(40, twin.forward.forward(100, visitor));
    }
  }

  @Test
  void visitorsExceptionLeavesThePacketAndSendsThoseBefore() {
    try (ForwardTwin twin = new ForwardTwin(9, true)) {
      twin.arrive(10, 60);
      int[] calls = {0};
      PacketVisitor visitor =
          (address, length) -> {
            if (++calls[0] == 7) {
              throw new IllegalStateException("the seventh");
            }
            return length;
          };
      assertThatThrownBy(() -> twin.forward.forward(32, visitor)).hasMessage("the seventh");
      assertThat(twin.sent()).as("six are sent").isEqualTo(6);
      assertThat(twin.rx.space()).as("four are in the RX ring").isEqualTo(4);
      assertThat(twin.forward.forward(32)).isEqualTo(4);
    }
  }

  @Test
  void allocatesNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().getId();
    try (ForwardTwin twin = new ForwardTwin(9, true)) {
      long before = 0;
      for (int i = 0; i < 2000; i++) {
        if (i == 1000) {
          before = threads.getThreadAllocatedBytes(self);
        }
        twin.arrive(32, 60);
        assertEqualsPlain(32, twin.forward.forward(32));
        twin.completeAll();
      }
      assertThat(threads.getThreadAllocatedBytes(self) - before).isLessThan(10_000);
    }
  }

  private static void assertEqualsPlain(int expected, int was) {
    if (expected != was) {
      throw new AssertionError("expected " + expected + ", was " + was);
    }
  }

  /** Back out of the port that received, on modelled cards; slots of both rings are spoiled. */
  @ParameterizedTest
  @ValueSource(longs = {0, 42, 43})
  void badIndicesNeverBecomeADmaAddress(long seed) {
    forwardWithSpoiltSlots(new ModelRig(setup(seed, NIC.dropWhenFull(false))));
  }

  /** Buffers that straddle pages which are apart for the device. */
  @Test
  void straddlingBuffersNeverBecomeADmaAddress() {
    MemoryOptions memory = MemoryOptions.DEFAULT.buffers(8192, 2112);
    try (ModelRig rig = new ModelRig(setup(42, NIC.dropWhenFull(false)).memory(memory))) {
      NetmapForward forward = new NetmapForward(rig.b.rx(0), rig.b.tx(0));
      int straddler = straddler(rig);
      for (int i = 0; i < 200; i++) {
        int index = -1;
        int slot = rig.b.tx(0).head();
        if (i % 10 == 5) {
          index = rig.b.tx(0).bufIdx(slot);
          rig.b.tx(0).bufIdx(slot, straddler);
        }
        sendAndForward(rig, forward, i);
        if (index >= 0) {
          mend(rig, index);
        }
      }
      assertDmaStaysInBuffers(rig);
      assertNoViolations(rig);
    }
  }

  private static int straddler(ModelRig rig) {
    long page = 1L << 21;
    for (int i = 2; ; i++) {
      long at = rig.region.bufOffset() + (long) i * rig.region.bufSize();
      if (at / page != (at + rig.region.bufSize() - 1) / page) {
        return i;
      }
    }
  }

  private static void forwardWithSpoiltSlots(ModelRig rig) {
    try (rig) {
      Random random = new Random(5);
      NetmapForward forward = new NetmapForward(rig.b.rx(0), rig.b.tx(0));
      for (int i = 0; i < 600; i++) {
        NetmapRing ring = random.nextBoolean() ? rig.b.rx(0) : rig.b.tx(0);
        int slot = ring.head();
        int index = -1;
        if (random.nextInt(4) == 0) {
          index = ring.bufIdx(slot);
          ring.bufIdx(slot, BAD[random.nextInt(BAD.length)]);
        }
        sendAndForward(rig, forward, i);
        if (index >= 0) {
          mend(rig, index);
        }
      }
      assertDmaStaysInBuffers(rig);
      assertNoViolations(rig);
    }
  }

  private static void sendAndForward(ModelRig rig, NetmapForward forward, int i) {
    until(rig, "a free slot", () -> rig.a.txSync() == 0 && rig.a.tx(0).space() > 0);
    put(rig.a.tx(0), frame(i, 60 + i % 900));
    rig.a.txSync();
    until(rig, "a packet to forward", () -> forward.forward(8) != 0);
    rig.a.rxSync();
    rig.a.rx(0).advance(rig.a.rx(0).tail());
  }

  /** What a program does that finds a slot of its own without a buffer. */
  private static void mend(ModelRig rig, int index) {
    for (NetmapRing ring : List.of(rig.b.rx(0), rig.b.tx(0))) {
      for (int i = 0; i < ring.numSlots(); i++) {
        if (!rig.region.isBuffer(ring.bufIdx(i)) || straddles(rig, ring.bufIdx(i))) {
          ring.bufIdx(i, index);
          rig.b.rxSync();
          return;
        }
      }
    }
  }

  private static boolean straddles(ModelRig rig, int index) {
    long at = rig.region.bufOffset() + (long) index * rig.region.bufSize();
    return at >> 21 != at + rig.region.bufSize() - 1 >> 21;
  }

  /** There and back over a cable: each frame comes back as it went out. */
  @ParameterizedTest
  @ValueSource(longs = {0, 42, 44})
  void framesComeBackAsTheyWere(long seed) {
    try (ModelRig rig = new ModelRig(setup(seed, NIC.mtu(9000).dropWhenFull(false)))) {
      NetmapForward forward = new NetmapForward(rig.b.rx(0), rig.b.tx(0));
      NetmapRing rx = rig.a.rx(0);
      NetmapRing tx = rig.a.tx(0);
      Random random = new Random(seed);
      int sent = 0;
      int got = 0;
      long deadline = System.nanoTime() + 10_000_000_000L;
      while (got < 500) {
        assertThat(deadline - System.nanoTime()).as("waited 10 s for frame %d", got).isPositive();
        rig.a.txSync();
        for (; sent < 500 && tx.space() > 8; sent++) {
          send(tx, frame(sent, length(sent)));
        }
        rig.a.txSync();
        rig.run();
        int status = forward.forward(1 + random.nextInt(64));
        assertThat(status).isNotNegative();
        rig.run();
        rig.a.rxSync();
        for (; !rx.isEmpty(); got++) {
          assertArrayEquals(frame(got, length(got)), next(rx), "frame " + got);
        }
      }
      assertDmaStaysInBuffers(rig);
      assertNoViolations(rig);
    }
  }

  private static int length(int number) {
    return number % 9 == 4 ? 2049 + number * 7 : 60 + number % 1400;
  }

  private static void send(NetmapRing tx, byte[] frame) {
    for (int at = 0; at < frame.length; at += 2048) {
      int part = Math.min(2048, frame.length - at);
      tx.put(tx.head(), frame, at, part, at + part < frame.length ? 1 << 5 : 0);
      tx.advance(tx.next(tx.head()));
    }
  }

  private static byte[] next(NetmapRing rx) {
    byte[] packet = {};
    for (boolean more = true; more; rx.advance(rx.next(rx.head()))) {
      byte[] part = rx.get(rx.head());
      byte[] all = java.util.Arrays.copyOf(packet, packet.length + part.length);
      System.arraycopy(part, 0, all, packet.length, part.length);
      packet = all;
      more = (rx.slotFlags(rx.head()) & 1 << 5) != 0;
    }
    return packet;
  }

  /** Another thread syncs the same rings, then the port is closed. */
  @Test
  void keepsOtherSyncsOutAndEndsAtClose() throws Exception {
    ModelRig rig = new ModelRig(setup(0, NIC.dropWhenFull(false)));
    NetmapForward forward = new NetmapForward(rig.b.rx(0), rig.b.tx(0));
    AtomicBoolean done = new AtomicBoolean();
    List<Throwable> failures = new ArrayList<>();
    Thread other =
        new Thread(
            () -> {
              while (!done.get()) {
                int status = rig.b.rxSync() | rig.b.txSync();
                if (status != 0 && status != Libc.EIO && status != Libc.EBUSY) {
                  failures.add(new AssertionError("sync answered " + status));
                }
              }
            });
    int[] last = {0};
    Thread forwarder =
        new Thread(
            () -> {
              while (last[0] != -Libc.EIO) {
                last[0] = forward.forward(32);
                if (last[0] < 0 && last[0] != -Libc.EBUSY && last[0] != -Libc.EIO) {
                  failures.add(new AssertionError("forward answered " + last[0]));
                }
              }
            });
    try (rig) {
      other.start();
      forwarder.start();
      int back = 0;
      int sent = 0;
      long deadline = System.nanoTime() + 20_000_000_000L;
      while (back < 2000 && System.nanoTime() < deadline && failures.isEmpty()) {
        rig.a.txSync();
        for (; sent - back < 40 && rig.a.tx(0).space() > 0; sent++) {
          put(rig.a.tx(0), frame(sent, 60));
        }
        rig.a.txSync();
        rig.a.rxSync();
        NetmapRing rx = rig.a.rx(0);
        for (; !rx.isEmpty(); rx.advance(rx.next(rx.head())), back++) {
          assertArrayEquals(frame(back, 60), rx.get(rx.head()), "frame " + back);
        }
      }
      assertThat(failures).isEmpty();
      assertThat(back).as("frames that came back").isGreaterThanOrEqualTo(2000);
      assertDmaStaysInBuffers(rig);
      assertNoViolations(rig);
      rig.b.close();
      forwarder.join(10_000);
      assertThat(last[0]).isEqualTo(-Libc.EIO);
    } finally {
      done.set(true);
      last[0] = -Libc.EIO;
      other.join();
      forwarder.join();
    }
  }
}
