package io.netmap4j.compat.vswitch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.Errno;
import io.netmap4j.common.RingCounts;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random traffic between ports with few slots, compared with a switch that is as simple as can be:
 * which frames come out where, in which order, and how many are dropped, to the frame.
 */
@Tag(SuiteRunner.TAG)
@Order(2)
@Timeout(120)
class ReferenceSwitchTest {
  private static final int PORTS = 4;

  /** Few, so that senders are known, unknown, and seen again elsewhere. */
  private static final int MACS = 12;

  /** What the switch should do. */
  private static final class Reference {
    /** By entry of the table: address, port. */
    final Map<Integer, long[]> learned = new HashMap<>();

    final List<Port> ports = new ArrayList<>();

    final class Port {
      final List<Deque<byte[]>> rings = new ArrayList<>();

      /** Slots of each ring that hold frames which the receiver has not given back. */
      final int[] used;

      final int slots;
      long drops;
      long nowhere;
      long refused;

      Port(int ringCount, int slots) {
        this.slots = slots;
        this.used = new int[ringCount];
        for (int i = 0; i < ringCount; i++) {
          rings.add(new ArrayDeque<>());
        }
      }
    }

    record Frame(byte[] bytes, int fragments, int flags) {}

    private static long mac(byte[] f, int at) {
      long mac = 0;
      for (int i = 5; i >= 0; i--) {
        mac = mac << 8 | f[at + i] & 0xff; // the first byte is the lowest, as MacTable has it
      }
      return mac;
    }

    /** Once something has no room in a ring, nothing of the rest of the batch comes there. */
    void send(int from, int ring, List<Frame> batch) {
      boolean[][] full = new boolean[PORTS][16];
      for (Frame f : batch) {
        long to = mac(f.bytes, 0);
        long source = mac(f.bytes, 6);
        if ((source & 1) == 0 && (f.flags & Netmap.NS_NO_LEARN) == 0) {
          learned.put(MacTable.hash(source), new long[] {source, from});
        }
        int forced = f.flags >>> Netmap.NS_PORT_SHIFT;
        long[] known = learned.get(MacTable.hash(to));
        if (forced != 0) {
          unicast(from, forced, ring, f, full);
        } else if ((to & 1) == 0 && known != null && known[0] == to) {
          unicast(from, (int) known[1], ring, f, full);
        } else {
          for (int p = 0; p < PORTS; p++) {
            if (p != from) {
              deliver(p, 0, f, full);
            }
          }
        }
      }
    }

    private void unicast(int from, int to, int ring, Frame f, boolean[][] full) {
      if (to == from || to >= PORTS) {
        ports.get(from).nowhere++;
      } else {
        deliver(to, ring % ports.get(to).used.length, f, full);
      }
    }

    private void deliver(int p, int ring, Frame f, boolean[][] full) {
      Port port = ports.get(p);
      full[p][ring] |= port.used[ring] + f.fragments > port.slots - 1;
      if (full[p][ring]) {
        port.drops++;
      } else {
        port.used[ring] += f.fragments;
        port.rings.get(ring).add(f.bytes);
      }
    }
  }

  private final Reference reference = new Reference();
  private final NetmapPort[] ports = new NetmapPort[PORTS];
  private Random random;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void whatTheSimpleSwitchDoes(long seed) {
    random = new Random(seed);
    try {
      for (int i = 0; i < PORTS; i++) {
        int rings = 1 + random.nextInt(3);
        int slots = 30 + random.nextInt(80);
        ports[i] =
            Netmap.open(
                "valeR:" + i,
                NetmapPort.Request.DEFAULT.counts(
                    RingCounts.DEFAULT.rings(2, rings).slots(100, slots)));
        reference.ports.add(reference.new Port(rings, slots));
      }
      int rounds = Integer.getInteger("netmap4j.rounds", 300);
      for (int round = 0; round < rounds; round++) {
        int from = random.nextInt(PORTS);
        send(from, random.nextInt(2));
        if (random.nextInt(3) == 0) {
          receive(random.nextInt(PORTS));
        }
      }
      for (int p = 0; p < PORTS; p++) {
        receive(p);
        Map<String, Long> counted = ports[p].counters();
        assertEquals(reference.ports.get(p).drops, counted.get("rx_drops"), "drops at " + p);
        assertEquals(reference.ports.get(p).nowhere, counted.get("tx_nowhere"), "nowhere at " + p);
        assertEquals(reference.ports.get(p).refused, counted.get("unsent"), "refused at " + p);
        assertThat(counted).containsEntry("rx_oversized", 0L);
      }
      assertThat(reference.ports.stream().mapToLong(p -> p.drops).min().orElse(0))
          .as("every port was full at times")
          .isPositive();
    } finally {
      for (NetmapPort port : ports) {
        if (port != null) {
          port.close();
        }
      }
    }
  }

  private void send(int from, int ring) {
    NetmapRing tx = ports[from].tx(ring);
    List<Reference.Frame> good = new ArrayList<>();
    boolean refused = false;
    for (int n = random.nextInt(40); n > 0 && tx.space() > 8; n--) {
      int fragments = random.nextInt(5) == 0 ? 2 + random.nextInt(5) : 1;
      int length = fragments == 1 ? 14 + random.nextInt(300) : 20 + random.nextInt(fragments * 500);
      byte[] f = new byte[length];
      random.nextBytes(f);
      address(f, 0, random.nextInt(5) == 0);
      address(f, 6, random.nextInt(20) == 0);
      int flags = random.nextInt(8) == 0 ? Netmap.NS_NO_LEARN : 0;
      flags |= random.nextInt(10) == 0 ? (1 + random.nextInt(6)) << Netmap.NS_PORT_SHIFT : 0;
      boolean spoil = random.nextInt(12) == 0;
      int part = (length + fragments - 1) / fragments;
      fragments = (length + part - 1) / part;
      write(tx, f, part, flags, spoil);
      if (spoil) {
        refused = true;
        reference.ports.get(from).refused++;
      } else {
        good.add(new Reference.Frame(f, fragments, flags));
      }
    }
    assertEquals(refused ? Errno.EINVAL : 0, ports[from].txSync());
    assertEquals(99, tx.space(), "TX completes within the sync");
    reference.send(from, ring, good);
  }

  private void address(byte[] f, int at, boolean multicast) {
    f[at] = (byte) (multicast ? 1 : 2);
    f[at + 1] = 0;
    f[at + 2] = 0;
    f[at + 3] = 0;
    f[at + 4] = (byte) random.nextInt(2);
    f[at + 5] = (byte) random.nextInt(MACS / 2);
  }

  private void write(NetmapRing tx, byte[] f, int part, int flags, boolean spoil) {
    int slot = tx.head();
    int spare = -1;
    for (int at = 0; at < f.length; at += part) {
      int n = Math.min(part, f.length - at);
      int more = at + n < f.length ? Netmap.NS_MOREFRAG : 0;
      tx.put(slot, f, at, n, flags | more);
      spare = slot;
      slot = tx.next(slot);
    }
    if (spoil) {
      tx.len(spare, random.nextBoolean() ? 0 : 2049 + random.nextInt(60_000));
    }
    tx.advance(slot);
  }

  /** Takes some of what is there, and gives some of that back. */
  private void receive(int p) {
    Reference.Port expected = reference.ports.get(p);
    assertEquals(0, ports[p].rxSync());
    for (int ring = 0; ring < expected.used.length; ring++) {
      NetmapRing rx = ports[p].rx(ring);
      assertEquals(expected.used[ring], rx.space(), "slots in ring " + ring + " of " + p);
      int left = random.nextInt(4) == 0 ? random.nextInt(20) : Integer.MAX_VALUE;
      int slot = rx.head();
      for (; slot != rx.tail() && left > 0; left--) {
        byte[] want = expected.rings.get(ring).remove();
        int fragments = rx.slotFlags(slot) >>> 8;
        assertTrue(fragments > 0, "NS_RFRAGS");
        int at = 0;
        for (int i = 1; i <= fragments; i++) {
          assertEquals(
              fragments << 8 | (i < fragments ? Netmap.NS_MOREFRAG : 0), rx.slotFlags(slot));
          byte[] part = rx.get(slot);
          byte[] wanted = java.util.Arrays.copyOfRange(want, at, at + part.length);
          assertArrayEquals(wanted, part, "frame at port " + p + ", fragment " + i);
          at += part.length;
          slot = rx.next(slot);
        }
        assertEquals(want.length, at, "bytes of a frame");
        expected.used[ring] -= fragments;
      }
      rx.advance(slot);
    }
    assertEquals(0, ports[p].rxSync());
  }
}
