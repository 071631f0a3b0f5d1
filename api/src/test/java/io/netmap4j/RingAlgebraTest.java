package io.netmap4j;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.FakeAdapter;
import io.netmap4j.spi.RingSet;
import java.util.ArrayDeque;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterProperty;

/**
 * Ring algebra for any number of slots, powers of two or not, against arithmetic done the slow way.
 */
class RingAlgebraTest {
  private final Region region =
      Region.create(MemoryOptions.DEFAULT.buffers(4096, 64).rings(4, 16640));

  @AfterProperty
  void unmap() {
    region.close();
  }

  private NetmapPort open(FakeAdapter adapter) {
    RingSet set = RingSet.start(adapter, region);
    RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
    set.bind(all);
    return TestPorts.open("netmap:algebra", set, all, NetmapPort.Request.DEFAULT);
  }

  @Property(tries = 300)
  void nextPlusSpaceAndPendingAgreeWithModuloArithmetic(
      @ForAll @IntRange(min = 2, max = 1024) int n,
      @ForAll @IntRange(max = 1023) int head,
      @ForAll @IntRange(max = 1023) int tail,
      @ForAll @IntRange(max = 1024) int steps) {
    FakeAdapter adapter = new FakeAdapter(1, 1, n, n);
    try (NetmapPort port = open(adapter)) {
      NetmapRing ring = port.tx(0);
      int h = head % n;
      int t = tail % n;
      Mem.putInt(ring.address() + RingLayout.HEAD, h);
      Mem.putInt(ring.address() + RingLayout.TAIL, t);
      assertThat(ring.next(h)).isEqualTo((h + 1) % n);
      assertThat(ring.plus(h, Math.min(steps, n))).isEqualTo((h + Math.min(steps, n)) % n);
      assertThat(ring.space()).isEqualTo(Math.floorMod(t - h, n));
      assertThat(ring.isEmpty()).isEqualTo(h == t);
      assertThat(ring.txPending()).isEqualTo((t + 1) % n != h);
      assertThat(adapter.tx[0].distance(h, t)).isEqualTo(Math.floorMod(t - h, n));
    }
  }

  /** Every from and to, every head and cur, ones out of range too: by walking round the ring. */
  @Example
  void legalIndicesAreThoseThatAWalkPasses() {
    for (int n : new int[] {0, 2, 3, 5, 8}) {
      FakeAdapter adapter = new FakeAdapter(1, 1, n, n);
      try (NetmapPort port = open(adapter)) {
        for (int from = 0; from < Math.max(n, 1); from++) {
          for (int to = 0; to < Math.max(n, 1); to++) {
            for (int head = -2; head < n + 3; head++) {
              for (int cur = -2; cur < n + 3; cur++) {
                assertThat(adapter.tx[0].legal(from, head, cur, to))
                    .as("%d slots, from %d to %d, head %d, cur %d", n, from, to, head, cur)
                    .isEqualTo(walkPasses(n, from, head, cur, to));
              }
            }
          }
        }
      }
    }
  }

  private static boolean walkPasses(int n, int from, int head, int cur, int to) {
    boolean headPassed = false;
    for (int i = from; ; i = (i + 1) % n) {
      headPassed |= i == head;
      if (headPassed && i == cur) {
        return true;
      }
      if (i == to) {
        return false;
      }
    }
  }

  /**
   * A user who fills, a device that finishes later: never more than n − 1 slots, never one twice,
   * always in order.
   */
  @Property(tries = 200)
  void anySequenceOfSyncsKeepsOrderAndOneSlotFree(
      @ForAll @IntRange(min = 2, max = 300) int n,
      @ForAll @Size(min = 1, max = 60) List<@IntRange(max = 400) Integer> moves) {
    FakeAdapter adapter = new FakeAdapter(1, 1, n, n);
    try (NetmapPort port = open(adapter)) {
      NetmapRing ring = port.tx(0);
      ArrayDeque<Integer> inFlight = new ArrayDeque<>();
      int expected = 0;
      for (int move : moves) {
        int take = Math.min(move, ring.space());
        for (int i = 0; i < take; i++) {
          assertThat(ring.plus(ring.head(), i)).isEqualTo(expected);
          inFlight.add(expected);
          expected = (expected + 1) % n;
        }
        adapter.inFlight = Math.min(inFlight.size(), move / 3);
        ring.advance(ring.plus(ring.head(), take));
        assertThat(port.txSync()).isZero();
        while (inFlight.size() > adapter.inFlight) {
          inFlight.remove();
        }
        assertThat(ring.space()).isEqualTo(n - 1 - inFlight.size());
        assertThat(ring.txPending()).isEqualTo(!inFlight.isEmpty());
      }
    }
  }

  /**
   * Whatever a user writes into head and cur: the driver's view stays inside the ring, and the next
   * sync accepts it.
   */
  @Property(tries = 300)
  void noIndicesBreakTheRing(
      @ForAll @IntRange(min = 2, max = 300) int n,
      @ForAll @Size(min = 1, max = 30) List<Integer> heads,
      @ForAll @Size(min = 1, max = 30) List<@IntRange(min = -2, max = 310) Integer> curs) {
    FakeAdapter adapter = new FakeAdapter(1, 1, n, n);
    try (NetmapPort port = open(adapter)) {
      for (int i = 0; i < heads.size(); i++) {
        for (NetmapRing ring : new NetmapRing[] {port.tx(0), port.rx(0)}) {
          ring.head(i % 2 == 0 ? heads.get(i) : curs.get(i % curs.size()));
          ring.cur(curs.get(i % curs.size()));
        }
        adapter.arriving = i;
        port.txSync();
        port.rxSync();
        assertThat(port.txSync()).as("a second TX sync").isZero();
        assertThat(port.rxSync()).as("a second RX sync").isZero();
        for (var k : List.of(adapter.tx[0], adapter.rx[0])) {
          assertThat(k.hwCur).isBetween(0, n - 1);
          assertThat(k.hwTail).isBetween(0, n - 1);
        }
      }
      NetmapRing tx = port.tx(0);
      tx.head(n);
      port.txSync();
      assertThat(port.txSync()).isZero();
      assertThat(tx.head()).isEqualTo(adapter.tx[0].hwCur);
    }
  }
}
