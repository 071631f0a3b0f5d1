package io.netmap4j.compat.host;

import static io.netmap4j.compat.host.HostRig.SLOTS;
import static io.netmap4j.compat.host.HostRig.bytes;
import static io.netmap4j.compat.host.HostRig.frame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingSet;
import io.netmap4j.spi.RingTap;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Host rings on a stack of the test's own. */
@Timeout(60)
@Tag(SuiteRunner.TAG)
@Order(2)
class HostAdapterTest {
  private HostRig rig = new HostRig(1, 1, 1, false);

  @AfterEach
  void close() {
    rig.close();
  }

  private void use(HostRig other) {
    rig.close();
    rig = other;
  }

  private static void put(NetmapRing tx, byte[] frame, int flags) {
    tx.put(tx.head(), frame);
    tx.slotFlags(tx.head(), flags);
    tx.advance(tx.next(tx.head()));
  }

  /** docs/netmap-abi.md 9: it is never full. */
  @Test
  void whatIsSentIsReceivedByTheStackAtOnce() {
    try (NetmapPort port = rig.host()) {
      NetmapRing tx = port.tx(1);
      for (int i = 0; i < 5 * SLOTS; i++) {
        put(tx, frame(i, 14 + i), Netmap.NS_BUF_CHANGED | Netmap.NS_REPORT);
        assertThat(port.txSync()).isZero();
        assertThat(tx.space()).isEqualTo(SLOTS - 1);
        assertThat(rig.stack.received.get(i)).isEqualTo(frame(i, 14 + i));
      }
      assertThat(tx.slotFlags(0)).isZero();
      assertThat(port.counters()).containsEntry("host_tx", 5L * SLOTS);
    }
  }

  @Test
  void framesThatNoStackWantsAreDroppedAndCounted() {
    try (NetmapPort port = rig.host()) {
      NetmapRing tx = port.tx(1);
      put(tx, frame(1, 13), 0); // no Ethernet header
      put(tx, frame(2, 1519), 0); // longer than the device's
      put(tx, frame(3, 60), 0);
      assertThat(port.txSync()).isEqualTo(Libc.EINVAL);
      assertThat(rig.stack.received).containsExactly(frame(3, 60));
      assertThat(port.unsent()).isEqualTo(2);
      rig.stack.refusal = -Libc.EIO;
      put(tx, frame(4, 60), 0);
      assertThat(port.txSync()).as("the interface is down").isZero();
      rig.stack.refusal = -Libc.ENOMEM;
      put(tx, frame(5, 60), 0);
      assertThat(port.txSync()).isZero();
      assertThat(port.counters())
          .containsEntry("host_tx", 1L)
          .containsEntry("host_tx_down", 1L)
          .containsEntry("host_tx_lost", 1L)
          .containsEntry("unsent", 2L);
      assertThat(tx.space()).isEqualTo(SLOTS - 1);
    }
  }

  @Test
  void aBadSlotNeverReachesTheStack() {
    try (NetmapPort port = rig.host()) {
      NetmapRing tx = port.tx(1);
      int good = tx.bufIdx(tx.head());
      for (int index : new int[] {0, 1, -1, 1024, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
        int slot = tx.head();
        tx.lenAndFlags(slot, 60, 0);
        tx.bufIdx(slot, index);
        tx.advance(tx.next(slot));
        assertThat(port.txSync()).as("index %d", index).isEqualTo(Libc.EINVAL);
        tx.bufIdx(slot, good++);
      }
      tx.lenAndFlags(tx.head(), 2049, 0);
      tx.advance(tx.next(tx.head()));
      assertThat(port.txSync()).isEqualTo(Libc.EINVAL);
      assertThat(rig.stack.received).isEmpty();
      assertThat(port.counters()).containsEntry("unsent", 7L).containsEntry("bad_slots", 7L);
    }
  }

  @Test
  void aFrameThatFindsNoRoomWaitsInTheStack() {
    try (NetmapPort port = rig.host()) {
      NetmapRing rx = port.rx(1);
      for (int i = 0; i < SLOTS + 4; i++) {
        rig.stack.send(0, frame(i, 100));
      }
      assertThat(port.rxSync()).isZero();
      assertThat(rx.space()).isEqualTo(SLOTS - 1);
      assertThat(rig.stack.waiting(0)).isEqualTo(5);
      for (int i = 0; i < SLOTS + 4; i++) {
        assertThat(bytes(rx, rx.head())).isEqualTo(frame(i, 100));
        rx.advance(rx.next(rx.head()));
        if (rx.isEmpty()) {
          port.rxSync(); // gives back: what comes finds room at the next
          port.rxSync();
        }
      }
      assertThat(port.counters()).containsEntry("host_rx", SLOTS + 4L);
    }
  }

  /** The descriptor is readable all the time: the sleep must not be on it. */
  @Test
  void aPollOfAFullRingSleeps() {
    try (NetmapPort port = rig.host()) {
      NetmapRing rx = port.rx(1);
      for (int i = 0; i < SLOTS + 4; i++) {
        rig.stack.send(0, frame(i, 100));
      }
      assertThat(port.poll(NetmapPort.POLLIN, 1000)).isEqualTo(NetmapPort.POLLIN);
      rx.cur(rx.tail());
      int[] syncs = {0};
      rig.rings
          .rx(1)
          .addTap(
              new RingTap() {
                @Override
                public void before(Kring kring) {
                  syncs[0]++;
                }

                @Override
                public void after(Kring kring, int hwCur, int hwTail) {}
              });
      long begin = System.nanoTime();
      assertThat(port.poll(NetmapPort.POLLIN, 200)).isZero();
      assertThat(System.nanoTime() - begin).isGreaterThan(190_000_000L);
      assertThat(syncs[0]).as("looks").isLessThan(200);
      rx.head(rx.cur());
      assertThat(port.poll(NetmapPort.POLLIN, 1000)).isEqualTo(NetmapPort.POLLIN);
      assertThat(rx.space()).isEqualTo(5);
    }
  }

  /** The user has given the interface a larger MTU than the card has. */
  @Test
  void aFrameLongerThanTheCardsIsLostAndCounted() {
    try (NetmapPort port = rig.host()) {
      NetmapRing rx = port.rx(1);
      rig.stack.send(0, frame(1, 3000));
      rig.stack.send(0, frame(2, 60));
      assertThat(port.rxSync()).isZero();
      assertThat(rx.space()).isEqualTo(1);
      assertThat(bytes(rx, rx.head())).isEqualTo(frame(2, 60));
      assertThat(port.counters()).containsEntry("host_rx_too_long", 1L);
    }
  }

  @Test
  void longFramesTakeSeveralSlots() {
    FakeCard card = new FakeCard(1, 1, SLOTS);
    card.maxFrame = 9018;
    use(new HostRig(card, new FakeStack(1), 1, false));
    try (NetmapPort port = rig.host()) {
      NetmapRing rx = port.rx(1);
      rig.stack.send(0, frame(1, 2048));
      rig.stack.send(0, frame(2, 2049));
      rig.stack.send(0, frame(3, 9018));
      rig.stack.send(0, frame(4, 9018)); // has 15 - 8 slots
      rig.stack.send(0, frame(5, 60)); // has 2, and waits, as a longer one would
      assertThat(port.rxSync()).isZero();
      assertThat(rx.space()).isEqualTo(13);
      assertThat(rig.stack.waiting(0)).isEqualTo(1);
      assertThat(rx.len(1)).isEqualTo(2048);
      assertThat(rx.slotFlags(1)).isEqualTo(Netmap.NS_MOREFRAG);
      assertThat(rx.len(2)).isEqualTo(1);
      assertThat(rx.slotFlags(2)).isZero();
      assertThat(rx.len(7)).isEqualTo(9018 - 4 * 2048);
    }
  }

  /** Slots behind tail are the ring's: what somebody writes there is checked before each use. */
  @Test
  void nothingIsReadIntoAnInvalidBuffer() {
    try (NetmapPort port = rig.host()) {
      NetmapRing rx = port.rx(1);
      int good = rx.bufIdx(0);
      rx.bufIdx(0, 1_000_000);
      rig.stack.send(0, frame(1, 60));
      assertThat(port.rxSync()).isEqualTo(Libc.EINVAL);
      assertThat(rx.isEmpty()).isTrue();
      assertThat(rig.stack.waiting(0)).isEqualTo(1);
      rx.bufIdx(0, good);
      assertThat(port.rxSync()).isZero();
      assertThat(rx.space()).isEqualTo(1);
    }
  }

  @Test
  void anInvalidBufferIsNotTakenBack() {
    try (NetmapPort port = rig.host()) {
      NetmapRing rx = port.rx(1);
      for (int i = 0; i < 3; i++) {
        rig.stack.send(0, frame(i, 60));
      }
      port.rxSync();
      int good = rx.bufIdx(1);
      rx.bufIdx(1, 1);
      rx.advance(3);
      assertThat(port.rxSync()).isEqualTo(Libc.EINVAL);
      assertThat(rig.rings.rx(1).hwCur).isEqualTo(1);
      rx.bufIdx(1, good);
      assertThat(port.rxSync()).isZero();
      assertThat(rig.rings.rx(1).hwCur).isEqualTo(3);
    }
  }

  @Test
  void eachRxRingHasAQueueOfItsOwn() {
    use(new HostRig(2, 5, 4, false));
    try (NetmapPort port = rig.host()) {
      for (int q = 0; q < 4; q++) {
        rig.stack.send(q, frame(q, 60));
      }
      port.rxSync();
      for (int q = 0; q < 4; q++) {
        assertThat(bytes(port.rx(2 + q), 0)).isEqualTo(frame(q, 60));
      }
      for (int t = 2; t < 7; t++) {
        put(port.tx(t), frame(t, 60), 0);
      }
      assertThat(port.txSync()).isZero();
      assertThat(rig.stack.received).hasSize(5);
    }
  }

  @Test
  void theCarrierFollowsTheDevices() throws Exception {
    assertThat(rig.stack.carriers).containsExactly(true);
    rig.card.up = false;
    awaitCarriers(2);
    rig.card.up = true;
    awaitCarriers(3);
    assertThat(rig.stack.carriers).containsExactly(true, false, true);
  }

  private void awaitCarriers(int count) throws InterruptedException {
    for (int i = 0; i < 1000; i++) {
      synchronized (rig.stack.carriers) {
        if (rig.stack.carriers.size() >= count) {
          return;
        }
      }
      Thread.sleep(5);
    }
  }

  @Test
  void theStackIsGivenBackBeforeTheDevice() {
    NetmapPort port = rig.host();
    HostRig mine = rig;
    rig = new HostRig(1, 1, 1, false);
    mine.rings.release();
    assertThat(mine.stack.closed).isFalse();
    port.close();
    assertThat(mine.stack.closed).isTrue();
    assertThat(mine.card.closed).isTrue();
    assertThat(mine.region.freeBuffers()).isEqualTo(1022);
    mine.region.close();
  }

  @Test
  void hostRingsThatFindNoMemoryLeaveNothing() {
    RingSet bare = RingSet.start(new FakeCard(1, 1, SLOTS), rig.region);
    bare.hold();
    int ringsBefore = rig.region.freeRings();
    int buffersBefore = rig.region.freeBuffers();
    FakeStack stack = new FakeStack(40);
    assertThatThrownBy(() -> HostRings.attach(bare, stack, 1, 40, false))
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.ENOMEM));
    assertThat(stack.closed).isTrue();
    assertThat(rig.region.freeRings()).isEqualTo(ringsBefore);
    assertThat(rig.region.freeBuffers()).isEqualTo(buffersBefore);
    assertThat(bare.host()).isNull();
    bare.release();
  }

  @Test
  void nothingIsAllocatedForAPacket() {
    rig.stack.endless = true;
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().getId();
    try (NetmapPort port = rig.all()) {
      NetmapRing tx = port.tx(1);
      NetmapRing rx = port.rx(1);
      rx.flags(Netmap.NR_FORWARD);
      long before = 0;
      for (int i = 0; i < 4000; i++) {
        if (i == 2000) {
          before = threads.getThreadAllocatedBytes(self);
        }
        for (int n = 0; n < 8; n++) {
          tx.lenAndFlags(tx.head(), 60, 0);
          tx.advance(tx.next(tx.head()));
        }
        port.txSync();
        port.rxSync();
        for (; !rx.isEmpty(); rx.advance(rx.next(rx.head()))) {
          rx.slotFlags(rx.head(), Netmap.NS_FORWARD);
        }
      }
      assertThat(threads.getThreadAllocatedBytes(self) - before).isLessThan(1000);
      assertThat(port.counters().get("host_rx")).isGreaterThan(20_000);
      assertThat(port.counters().get("host_forwarded_down")).isGreaterThan(20_000);
    }
  }
}
