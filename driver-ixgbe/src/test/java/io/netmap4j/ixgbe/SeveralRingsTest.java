package io.netmap4j.ixgbe;

import static io.netmap4j.ixgbe.ModelTraffic.NIC;
import static io.netmap4j.ixgbe.ModelTraffic.SLOTS;
import static io.netmap4j.ixgbe.ModelTraffic.STEPPED;
import static io.netmap4j.ixgbe.ModelTraffic.assertNoViolations;
import static io.netmap4j.ixgbe.ModelTraffic.put;
import static io.netmap4j.ixgbe.ModelTraffic.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.NicOptions;
import io.netmap4j.model.wire.CableMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several rings: a thread each, and overload accounted for to the frame. */
@Timeout(60)
@Tag(SuiteRunner.TAG)
class SeveralRingsTest {
  @Test
  void fourThreadsOnFourRings() throws InterruptedException {
    NicOptions four = NIC.rings(4, 4).slots(256, 256).dropWhenFull(false);
    try (ModelRig rig = new ModelRig(ModelRig.Setup.DEFAULT.nic(four))) {
      int each = 20_000;
      List<Thread> threads = new ArrayList<>();
      List<Throwable> failures = new ArrayList<>();
      int[] received = new int[4];
      for (int r = 0; r < 4; r++) {
        int ring = r;
        threads.add(new Thread(() -> sendAll(rig.port(0, ring, ring + 1, 0), ring, each)));
        threads.add(
            new Thread(() -> receiveAll(rig.port(1, ring, ring + 1, 0), received, ring, 4 * each)));
      }
      threads.forEach(t -> t.setUncaughtExceptionHandler((thread, e) -> failures.add(e)));
      threads.forEach(Thread::start);
      for (Thread t : threads) {
        t.join();
      }
      assertThat(failures).isEmpty();
      assertEquals(4 * each, Arrays.stream(received).sum());
      assertThat(received).as("RSS spreads flows over all rings").doesNotContain(0);
      Map<String, Long> counters = rig.b.counters();
      for (int r = 0; r < 4; r++) {
        assertEquals(received[r], counters.get("QPRC" + r), "QPRC" + r);
      }
      assertEquals(4L * each, rig.a.counters().get("GPTC"));
      assertEquals(4L * each, rig.cable.counters(io.netmap4j.model.wire.WireEnd.A).frames());
      assertNoViolations(rig);
    }
  }

  private static void sendAll(NetmapPort port, int r, int count) {
    try (port) {
      NetmapRing ring = port.tx(r);
      for (int sent = 0; sent < count; ) {
        for (; sent < count && ring.space() > 0; sent++) {
          ring.put(ring.head(), Flows.udp(r * 64 + sent % 64, sent));
          ring.advance(ring.next(ring.head()));
        }
        assertEquals(0, port.txSync());
      }
      assertTrue(port.drain(20_000));
    }
  }

  /** Checks that each flow keeps to one ring and its order. */
  private static void receiveAll(NetmapPort port, int[] received, int r, int total) {
    int[] last = new int[256];
    Arrays.fill(last, -1);
    try (port) {
      NetmapRing ring = port.rx(r);
      long quiet = System.nanoTime();
      while (System.nanoTime() - quiet < 20_000_000_000L) {
        assertEquals(0, port.rxSync());
        for (; !ring.isEmpty(); ring.advance(ring.next(ring.head()))) {
          long at = ring.buffer(ring.head());
          int flow = Flows.flow(at);
          int number = Flows.number(at);
          assertThat(number).as("flow " + flow).isGreaterThan(last[flow]);
          last[flow] = number;
          synchronized (received) {
            received[r]++;
          }
          quiet = System.nanoTime();
        }
        synchronized (received) {
          if (Arrays.stream(received).sum() == total) {
            return;
          }
        }
      }
    }
  }

  @Test
  void everyFrameIsAccountedForUnderOverload() {
    NicOptions rings = NIC.rings(4, 4).dropWhenFull(true);
    accountedFor(rings, 30_000, 0b1111);
    accountedFor(rings.dropWhenFull(false), 30_000, 0b1111);
  }

  @Test
  void aStalledRingDoesNotHoldUpTheOthers() {
    Map<String, Long> b = accountedFor(NIC.rings(4, 4).dropWhenFull(true), 30_000, 0b1101);
    assertThat(b.get("QPRDC1")).as("the stalled ring drops").isPositive();
    assertEquals(SLOTS - 1, b.get("QPRC1"), "it holds one ring full");
    assertEquals(0, b.get("RXMPC"), "nobody else is held up");
  }

  /**
   * Sends, reads only the rings in {@code readers} and those too slowly, and adds everything up.
   */
  private static Map<String, Long> accountedFor(NicOptions nic, int count, int readers) {
    try (ModelRig rig = new ModelRig(STEPPED.nic(nic).cable(CableMode.LOSSY))) {
      Random random = new Random(9);
      NetmapRing tx = rig.a.tx(0);
      long[] received = new long[1];
      for (int sent = 0; sent < count; ) {
        for (; sent < count && tx.space() > 0; sent++) {
          put(tx, Flows.udp(sent % 64, sent));
        }
        rig.a.txSync();
        rig.run();
        if (random.nextInt(64) == 0) {
          received[0] += drainRings(rig.b, readers);
        }
      }
      until(rig, "the last frame to leave", () -> rig.a.txSync() == 0 && !tx.txPending());
      for (int i = 0; i < 3000; i++) {
        rig.run();
        received[0] += drainRings(rig.b, readers);
      }
      Map<String, Long> b = rig.b.counters();
      long stalled = 0;
      for (int r = 0; r < 4; r++) {
        rig.b.rxSync();
        stalled += rig.b.rx(r).space();
      }
      assertEquals(count, rig.a.counters().get("GPTC"), "sent");
      assertEquals(
          count,
          received[0] + stalled + b.get("RXMPC") + b.get("QPRDC"),
          () -> "sent = received + missed + dropped; received " + received[0] + ", " + b);
      assertThat(b.get("RXMPC") + b.get("QPRDC")).as("there was overload").isPositive();
      assertNoViolations(rig);
      return b;
    }
  }

  private static int drainRings(NetmapPort port, int readers) {
    port.rxSync();
    int n = 0;
    for (int r = 0; r < 4; r++) {
      NetmapRing ring = port.rx(r);
      if ((readers >> r & 1) != 0) {
        n += ring.space();
        ring.advance(ring.tail());
      }
    }
    return n;
  }
}
