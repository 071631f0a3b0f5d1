package io.netmap4j.compat.host;

import static io.netmap4j.compat.host.HostRig.SLOTS;
import static io.netmap4j.compat.host.HostRig.bytes;
import static io.netmap4j.compat.host.HostRig.frame;
import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SuiteRunner;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.RingSet;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Transparent forwarding (docs/netmap-abi.md 9), both ways. One ring of the device and one more.
 */
@Timeout(60)
@Tag(SuiteRunner.TAG)
@Order(1)
class ForwardTest {
  private HostRig rig = new HostRig(1, 1, 1, false);

  @AfterEach
  void close() {
    rig.close();
  }

  private void use(HostRig other) {
    rig.close();
    rig = other;
  }

  // NIC to stack.

  @Test
  void releasedSlotsWithTheFlagGoToTheStack() {
    try (NetmapPort port = rig.all()) {
      NetmapRing rx = port.rx(0);
      rx.flags(Netmap.NR_FORWARD);
      for (int round = 0; round < 3 * SLOTS; round++) {
        rig.stack.received.clear();
        rig.arrive(port, 0, 4);
        int first = rx.head();
        rx.slotFlags(first, Netmap.NS_FORWARD);
        rx.slotFlags(rx.plus(first, 2), Netmap.NS_FORWARD);
        rx.slotFlags(rx.plus(first, 3), Netmap.NS_FORWARD);
        rx.cur(rx.tail());
        rx.head(rx.plus(first, 3)); // the last one is kept
        port.rxSync();
        assertThat(rig.stack.received).containsExactly(frame(0, 60), frame(2, 60));
        assertThat(rx.slotFlags(first)).as("flag of one that went").isZero();
        port.rxSync();
        assertThat(rig.stack.received).as("once").hasSize(2);
        rx.advance(rx.tail());
        port.rxSync();
        assertThat(rig.stack.received).hasSize(3);
      }
    }
  }

  @Test
  void withoutTheRingsFlagNothingGoesToTheStack() {
    try (NetmapPort port = rig.all()) {
      rig.arrive(port, 0, 2);
      port.rx(0).slotFlags(0, Netmap.NS_FORWARD);
      port.rx(0).advance(2);
      port.rxSync();
      assertThat(rig.stack.received).isEmpty();
    }
  }

  /** netmap's setting fwd. */
  @Test
  void everythingReleasedGoesToTheStackIfTheProcessSaysSo() {
    use(new HostRig(1, 1, 1, true));
    try (NetmapPort port = rig.all()) {
      rig.arrive(port, 0, 3);
      port.rx(0).advance(3);
      port.rxSync();
      port.rxSync();
      assertThat(rig.stack.received).containsExactly(frame(0, 60), frame(1, 60), frame(2, 60));
      rig.stack.send(0, frame(9, 60));
      port.rxSync();
      port.rx(1).advance(port.rx(1).tail());
      port.rxSync();
      assertThat(bytes(port.tx(0), 0)).isEqualTo(frame(9, 60));
    }
  }

  /** The slots behind an invalid one are not taken back, and are not forwarded again. */
  @Test
  void aSlotThatTheDeviceDoesNotTakeBackIsForwardedOnce() {
    use(new HostRig(1, 1, 1, true));
    try (NetmapPort port = rig.all()) {
      NetmapRing rx = port.rx(0);
      rig.arrive(port, 0, 3);
      int good = rx.bufIdx(1);
      rx.bufIdx(1, 1);
      rx.advance(3);
      assertThat(port.rxSync()).isEqualTo(Libc.EINVAL);
      assertThat(port.rxSync()).isEqualTo(Libc.EINVAL);
      assertThat(rig.stack.received).containsExactly(frame(0, 60), frame(2, 60));
      rx.bufIdx(1, good);
      assertThat(port.rxSync()).isZero();
      assertThat(rig.stack.received).hasSize(2);
      assertThat(port.counters()).containsEntry("host_tx_lost", 1L);
    }
  }

  @Test
  void aPacketOfSeveralSlotsGoesAsOneAndAPartOfOneDoesNot() {
    try (NetmapPort port = rig.all()) {
      NetmapRing rx = port.rx(0);
      rx.flags(Netmap.NR_FORWARD);
      rig.arrive(port, 0, 4);
      rx.lenAndFlags(0, 60, Netmap.NS_FORWARD | Netmap.NS_MOREFRAG);
      rx.lenAndFlags(1, 50, 0);
      rx.lenAndFlags(2, 60, Netmap.NS_FORWARD | Netmap.NS_MOREFRAG);
      rx.head(3);
      rx.cur(4);
      port.rxSync();
      assertThat(rig.stack.received).hasSize(1);
      assertThat(rig.stack.received.get(0)).hasSize(110).startsWith(frame(0, 60));
      assertThat(port.counters()).containsEntry("host_tx_lost", 1L);
      rx.head(4);
    }
  }

  // Stack to NIC.

  /** Frames 0, 1 ... have come from the stack, and are released with the flag. */
  private void release(NetmapPort port, int count) {
    NetmapRing rx = port.rx(rig.own);
    rx.flags(Netmap.NR_FORWARD);
    for (int i = 0; i < count; i++) {
      rig.stack.send(0, frame(i, 60));
    }
    port.rxSync();
    assertThat(rx.space()).isEqualTo(count);
    for (; !rx.isEmpty(); rx.advance(rx.next(rx.head()))) {
      rx.slotFlags(rx.head(), rx.slotFlags(rx.head()) | Netmap.NS_FORWARD);
    }
  }

  @Test
  void releasedSlotsOfAHostRingMoveIntoTheTxRingByTheirBuffers() {
    try (NetmapPort port = rig.all()) {
      NetmapRing rx = port.rx(1);
      NetmapRing tx = port.tx(0);
      for (int round = 0; round < 3 * SLOTS; round++) {
        int from = rx.head();
        int to = tx.head();
        release(port, 3);
        int[] buffers = {rx.bufIdx(from), tx.bufIdx(to)};
        assertThat(port.rxSync()).isZero();
        assertThat(tx.head()).isEqualTo(tx.plus(to, 3));
        assertThat(tx.cur()).isEqualTo(tx.head());
        assertThat(new int[] {tx.bufIdx(to), rx.bufIdx(from)}).isEqualTo(buffers);
        for (int i = 0; i < 3; i++) {
          assertThat(bytes(tx, tx.plus(to, i))).isEqualTo(frame(i, 60));
          assertThat(tx.slotFlags(tx.plus(to, i))).isEqualTo(Netmap.NS_BUF_CHANGED);
        }
        assertThat(port.txSync()).isZero();
      }
      assertThat(port.counters()).containsEntry("host_forwarded_down", 9L * SLOTS);
    }
  }

  @Test
  void slotsWithoutTheFlagOrOfAPortThatLacksATxRingStay() {
    use(new HostRig(2, 1, 1, false));
    RingSet.Binding oneTx = new RingSet.Binding(0, 1, 0, 3, false);
    try (NetmapPort port = rig.open(oneTx)) {
      release(port, 2);
      port.rxSync();
      assertThat(port.tx(0).head()).isZero();
    }
    try (NetmapPort port = rig.all()) {
      rig.stack.send(0, frame(1, 60));
      port.rxSync();
      port.rx(2).advance(port.rx(2).tail());
      port.rxSync();
      assertThat(port.tx(0).head()).isZero();
    }
  }

  /** What the user has put into the ring and not synced stays in front. */
  @Test
  void packetsOfTheUserStayAndTheNextRingTakesWhatTheFirstHasNoRoomFor() {
    use(new HostRig(2, 1, 1, false));
    try (NetmapPort port = rig.all()) {
      NetmapRing tx = port.tx(0);
      for (int i = 0; i < SLOTS - 3; i++) {
        tx.put(tx.head(), frame(100 + i, 70));
        tx.advance(tx.next(tx.head()));
      }
      release(port, 4);
      port.rxSync();
      assertThat(tx.space()).isZero();
      assertThat(bytes(tx, 0)).isEqualTo(frame(100, 70));
      assertThat(bytes(tx, SLOTS - 3)).isEqualTo(frame(0, 60));
      assertThat(port.tx(1).head()).isEqualTo(2);
      assertThat(bytes(port.tx(1), 1)).isEqualTo(frame(3, 60));
    }
  }

  @Test
  void whatFindsNoRoomIsLostAndCounted() {
    rig.card.carrier = false;
    try (NetmapPort port = rig.all()) {
      release(port, 10);
      port.rxSync();
      release(port, 10);
      port.rxSync();
      assertThat(port.tx(0).space()).isZero();
      assertThat(port.counters())
          .containsEntry("host_forwarded_down", SLOTS - 1L)
          .containsEntry("host_forward_no_room", 20L - (SLOTS - 1));
      assertThat(rig.region.freeBuffers()).isPositive();
    }
  }

  @Test
  void illegalIndicesOfTheTxRingAreLeftToItsNextSync() {
    try (NetmapPort port = rig.all()) {
      NetmapRing tx = port.tx(0);
      for (int head : new int[] {SLOTS, -1, Integer.MIN_VALUE}) {
        tx.head(head);
        release(port, 1);
        assertThat(port.rxSync()).isZero();
        assertThat(tx.head()).isEqualTo(head);
        assertThat(port.txSync()).isEqualTo(Libc.EINVAL);
      }
      assertThat(port.counters()).containsEntry("host_forward_no_room", 3L);
      release(port, 1);
      port.rxSync();
      assertThat(tx.head()).isEqualTo(1);
    }
  }

  @Test
  void aPacketWithAnInvalidBufferOrLengthIsNotMoved() {
    try (NetmapPort port = rig.all()) {
      NetmapRing rx = port.rx(1);
      release(port, 2);
      rx.len(0, 2049);
      int good = rx.bufIdx(1);
      rx.bufIdx(1, 5_000_000);
      assertThat(port.rxSync()).isEqualTo(Libc.EINVAL);
      assertThat(port.tx(0).head()).isZero();
      rx.bufIdx(1, good);
    }
  }

  /** Another thread is inside a sync of the TX ring: it is passed over. */
  @Test
  void aTxRingThatIsBeingSyncedIsPassedOver() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    try (NetmapPort port = rig.all()) {
      release(port, 1);
      rig.card.inTxSync =
          () -> {
            inside.countDown();
            await(leave);
          };
      Thread other = new Thread(() -> rig.rings.tx(0).txSync(0));
      other.start();
      await(inside);
      assertThat(port.rxSync()).isZero();
      leave.countDown();
      other.join();
      assertThat(port.tx(0).head()).isZero();
      assertThat(port.counters()).containsEntry("host_forward_no_room", 1L);
      release(port, 1);
      port.rxSync();
      assertThat(port.tx(0).head()).isEqualTo(1);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** netmap_poll flushes the TX rings after it has forwarded. */
  @Test
  void aPollSendsWhatItHasMoved() {
    List<Integer> heads = new ArrayList<>();
    try (NetmapPort port = rig.all()) {
      release(port, 2);
      rig.card.inTxSync = () -> heads.add(port.tx(0).head());
      port.poll(NetmapPort.POLLIN, 0);
      assertThat(heads).contains(2);
      assertThat(rig.rings.tx(0).hwCur).isEqualTo(2);
    }
  }

  @Test
  void longPacketsMoveWholeOrNotAtAll() {
    FakeCard card = new FakeCard(1, 1, SLOTS);
    card.maxFrame = 9018;
    use(new HostRig(card, new FakeStack(1), 1, false));
    try (NetmapPort port = rig.all()) {
      NetmapRing tx = port.tx(0);
      for (int i = 0; i < SLOTS - 4; i++) {
        tx.advance(tx.next(tx.head())); // leaves 3
      }
      rig.stack.send(0, frame(1, 8000));
      rig.stack.send(0, frame(2, 5000));
      NetmapRing rx = port.rx(1);
      rx.flags(Netmap.NR_FORWARD);
      port.rxSync();
      assertThat(rx.space()).isEqualTo(7);
      rx.slotFlags(0, Netmap.NS_FORWARD | Netmap.NS_MOREFRAG);
      rx.slotFlags(4, Netmap.NS_FORWARD | Netmap.NS_MOREFRAG);
      rx.advance(7);
      assertThat(port.rxSync()).isZero();
      assertThat(tx.space()).as("room for the second: none overtakes the first").isEqualTo(3);
      assertThat(port.counters()).containsEntry("host_forward_no_room", 2L);
    }
  }
}
