package io.netmap4j.ixgbe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SoakProgress;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.Mem;
import io.netmap4j.model.wire.WireEnd;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Many frames of random sizes through two cabled cards, four queues, every one with a number and a
 * checksum: none lost, doubled, reordered within its queue, or altered.
 *
 * <pre>
 *   mvn -pl driver-ixgbe -am test -Dtest=SoakTest -Dsurefire.failIfNoSpecifiedTests=false -Dnetmap4j.soak=100000000
 * </pre>
 */
@Timeout(3600)
class SoakTest {
  private static final long FRAMES = Long.getLong("netmap4j.soak", 1_000_000);
  private static final int RINGS = 4;
  private static final int FLOWS = 64;
  private static final int PAYLOAD = 42;
  private static final int FLOW = PAYLOAD + 2; // aligned to 4
  private static final int NUMBER = FLOW + 4;
  private static final int SUM = NUMBER + 8;
  private static final int BODY = SUM + 8;
  private static final int LEAST = 64;
  private static final int MOST = 1514;

  private final long[] sentOf = new long[FLOWS];
  private final long[] receivedOf = new long[FLOWS];
  private final byte[][] headers = new byte[FLOWS][];
  private long random = 0x9e3779b97f4a7c15L;
  private long sent;
  private long received;

  @Test
  void nothingIsLostDoubledReorderedOrAltered() {
    for (int flow = 0; flow < FLOWS; flow++) {
      headers[flow] = Flows.udp(flow, 0);
    }
    NicOptions nic = NicOptions.DEFAULT.rings(RINGS, RINGS).slots(1000, 1000).dropWhenFull(false);
    ModelRig.Setup setup =
        ModelRig.Setup.DEFAULT.nic(nic).memory(MemoryOptions.DEFAULT.buffers(20_000, 2048));
    try (ModelRig rig = new ModelRig(setup)) {
      rig.cards[0].memory().observer(null);
      rig.cards[1].memory().observer(null);
      SoakProgress progress = new SoakProgress("soak", FRAMES);
      long start = System.nanoTime();
      while (received < FRAMES) {
        for (int r = 0; r < RINGS; r++) {
          send(rig.a.tx(r), r);
        }
        assertEquals(0, rig.a.txSync());
        assertEquals(0, rig.b.rxSync());
        long before = received;
        for (int r = 0; r < RINGS; r++) {
          receive(rig.b.rx(r));
        }
        progress.at(received);
        if (received == before) {
          assertTrue(System.nanoTime() - start < 3_000_000_000_000L, "it takes too long");
          Thread.onSpinWait();
        }
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      checkTotals(rig);
      System.out.printf(
          "soak: %d frames in %.1f s, %.2f M/s%n", received, seconds, received / seconds / 1e6);
    }
  }

  private void send(NetmapRing ring, int r) {
    int slot = ring.head();
    for (int n = Math.min(64, ring.space()); n > 0 && sent < FRAMES; n--, sent++) {
      random ^= random << 13;
      random ^= random >>> 7;
      random ^= random << 17;
      int flow = r + RINGS * (int) (random >>> 40 & FLOWS / RINGS - 1);
      int length = LEAST + (int) ((random >>> 48) % (MOST - LEAST + 1));
      long at = ring.buffer(slot);
      Mem.copyIn(headers[flow], 0, at, PAYLOAD);
      Mem.putInt(at + FLOW, flow);
      Mem.putLong(at + NUMBER, sentOf[flow]++);
      long word = random;
      for (int o = BODY; o + 8 <= length; o += 8) {
        Mem.putLong(at + o, word += 0x632be59bd9b4e019L);
      }
      Mem.putLong(at + SUM, sum(at, length));
      ring.lenAndFlags(slot, length, 0);
      slot = ring.next(slot);
    }
    ring.advance(slot);
  }

  private void receive(NetmapRing ring) {
    int slot = ring.head();
    for (int n = ring.space(); n > 0; n--, received++) {
      long at = ring.buffer(slot);
      int flow = Mem.getInt(at + FLOW);
      long number = Mem.getLong(at + NUMBER);
      if (number != receivedOf[flow]++ || Mem.getLong(at + SUM) != sum(at, ring.len(slot))) {
        throw new AssertionError(
            "flow "
                + flow
                + ": frame "
                + number
                + ", expected "
                + (receivedOf[flow] - 1)
                + ", in "
                + ring);
      }
      slot = ring.next(slot);
    }
    ring.advance(slot);
  }

  private static long sum(long at, int length) {
    long sum = length + Mem.getLong(at + NUMBER);
    for (int o = BODY; o + 8 <= length; o += 8) {
      sum = sum * 31 + Mem.getLong(at + o);
    }
    return sum;
  }

  private static void checkTotals(ModelRig rig) {
    NetmapPort a = rig.a;
    assertTrue(a.drain(5000));
    Map<String, Long> from = a.counters();
    Map<String, Long> to = rig.b.counters();
    assertEquals(FRAMES, from.get("GPTC"));
    assertEquals(FRAMES, to.get("GPRC"));
    assertEquals(0, to.get("RXMPC"));
    assertEquals(0, to.get("QPRDC"));
    assertEquals(FRAMES, rig.cable.counters(WireEnd.A).frames());
    assertEquals("", rig.violations());
  }
}
