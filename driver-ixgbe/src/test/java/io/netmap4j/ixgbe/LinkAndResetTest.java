package io.netmap4j.ixgbe;

import static io.netmap4j.ixgbe.ModelTraffic.NIC;
import static io.netmap4j.ixgbe.ModelTraffic.SLOTS;
import static io.netmap4j.ixgbe.ModelTraffic.assertNoViolations;
import static io.netmap4j.ixgbe.ModelTraffic.frame;
import static io.netmap4j.ixgbe.ModelTraffic.put;
import static io.netmap4j.ixgbe.ModelTraffic.receive;
import static io.netmap4j.ixgbe.ModelTraffic.setup;
import static io.netmap4j.ixgbe.ModelTraffic.until;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.NetmapRing;
import io.netmap4j.SuiteRunner;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Link changes and resets while packets are pending. */
@Timeout(60)
@Tag(SuiteRunner.TAG)
class LinkAndResetTest {
  @ParameterizedTest
  @ValueSource(longs = {0, 42})
  void slotsStayPendingWithoutCarrierAndAreSentWhenItReturns(long seed) {
    try (ModelRig rig = new ModelRig(setup(seed, NIC))) {
      rig.cards[0].setLink(false);
      until(rig, "no carrier", () -> !rig.a.link().up());
      for (int i = 0; i < 20; i++) {
        put(rig.a.tx(0), frame(i, 60));
      }
      for (int i = 0; i < 100; i++) {
        assertEquals(0, rig.a.txSync());
        rig.run();
      }
      assertEquals(SLOTS - 1 - 20, rig.a.tx(0).space(), "the tail does not move");
      assertTrue(rig.a.tx(0).txPending());
      rig.cards[0].setLink(true);
      until(rig, "carrier", () -> rig.a.link().up());
      assertEquals(0, rig.a.txSync());
      for (int i = 0; i < 20; i++) {
        assertArrayEquals(frame(i, 60), receive(rig, rig.b));
      }
      assertNoViolations(rig);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 42})
  void pendingFramesSurviveLinkChanges(long seed) {
    try (ModelRig rig = new ModelRig(setup(seed, NIC.dropWhenFull(false)))) {
      int sent = 0;
      int received = 0;
      Random random = new Random(3);
      while (received < 2000) {
        if (random.nextInt(50) == 0) {
          boolean up = random.nextBoolean();
          rig.cards[0].setLink(up);
          rig.a.link();
        }
        if (sent < 2000 && rig.a.tx(0).space() > 0) {
          put(rig.a.tx(0), frame(sent, 60));
          sent++;
        }
        if (sent == 2000) {
          rig.cards[0].setLink(true);
          rig.a.link();
        }
        assertEquals(0, rig.a.txSync(), "a good frame was refused, sent " + sent);
        rig.run();
        assertEquals(0, rig.b.rxSync(), "RX ring, received " + received);
        while (!rig.b.rx(0).isEmpty()) {
          assertArrayEquals(frame(received, 60), receive(rig, rig.b), "frame " + received);
          received++;
        }
      }
      assertNoViolations(rig);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2, 3})
  void resetKeepsHeadAndReceivedPackets(long seed) {
    try (ModelRig rig = new ModelRig(setup(seed, NIC))) {
      Random random = new Random(seed);
      NetmapRing tx = rig.a.tx(0);
      NetmapRing rx = rig.a.rx(0);
      for (int round = 0; round < 20; round++) {
        for (int n = random.nextInt(SLOTS - 1); n > 0 && tx.space() > 0; n--) {
          put(tx, frame(n, 60));
        }
        rig.a.txSync();
        for (int n = random.nextInt(40); n > 0 && rig.b.tx(0).space() > 0; n--) {
          put(rig.b.tx(0), frame(round, 70));
        }
        rig.b.txSync();
        rig.run();
        rig.a.rxSync();
        for (int n = random.nextInt(20); n > 0 && !rx.isEmpty(); n--) {
          rx.advance(rx.next(rx.head()));
        }
        int head = tx.head();
        int rxHead = rx.head();
        int rxTail = rx.tail();
        List<byte[]> unread = new ArrayList<>();
        for (int i = rxHead; i != rxTail; i = rx.next(i)) {
          unread.add(rx.get(i));
        }
        rig.a.nic().reset();
        assertEquals(head, tx.head());
        assertEquals(rxHead, rx.head());
        until(rig, "link", () -> rig.a.link().up());
        assertEquals(0, rig.a.txSync());
        assertEquals(SLOTS - 1, tx.space(), "what was submitted counts as sent");
        for (byte[] packet : unread) {
          assertArrayEquals(packet, rx.get(rx.head()), "what had arrived stays");
          rx.advance(rx.next(rx.head()));
        }
        until(
            rig,
            "the other side to be empty",
            () -> {
              rig.b.txSync();
              rig.a.rxSync();
              rig.b.rxSync();
              rx.advance(rx.tail());
              rig.b.rx(0).advance(rig.b.rx(0).tail());
              return !rig.b.tx(0).txPending() && rx.isEmpty();
            });
      }
      put(tx, frame(99, 99));
      rig.a.txSync();
      until(
          rig,
          "a frame after all the resets",
          () -> {
            rig.b.rxSync();
            NetmapRing ring = rig.b.rx(0);
            while (!ring.isEmpty() && ring.len(ring.head()) != 99) {
              ring.advance(ring.next(ring.head()));
            }
            return !ring.isEmpty();
          });
      assertNoViolations(rig);
    }
  }
}
