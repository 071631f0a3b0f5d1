package io.netmap4j.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every position of head and cur, by the letters of netmap's prologue:
 *
 * <pre>
 *  0    A  rhead   B  rtail   C  n-1
 *  0    D  rtail   E  rhead   F  n-1
 *
 *  B, F, D are legal; A, C, E are not.
 * </pre>
 */
@Timeout(10)
class KringTest {
  private static final int N = 72;
  private final Region region =
      Region.create(MemoryOptions.DEFAULT.buffers(1024, 2048).rings(4, 8448));
  private final FakeAdapter adapter = new FakeAdapter(1, 1, N, N);
  private final RingSet set = RingSet.start(adapter, region);
  private final RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
  private final NetmapPort port = open();

  private NetmapPort open() {
    assertTrue(set.bind(all));
    return TestPorts.open("netmap:fake", set, all, NetmapPort.Request.DEFAULT);
  }

  @AfterEach
  void close() {
    port.close();
    region.close();
  }

  private static RingTap tap(String name, List<String> calls) {
    return new RingTap() {
      @Override
      public void before(Kring kring) {
        calls.add(name + " before");
      }

      @Override
      public void after(Kring kring, int hwCur, int hwTail) {
        calls.add(name + " after " + hwTail + " to " + kring.hwTail);
      }

      @Override
      public void gone(Kring kring) {
        calls.add(name + " gone");
      }
    };
  }

  @Test
  void tapsAreCalledInTheirOrderUntilTheRingCloses() {
    List<String> calls = new ArrayList<>();
    RingTap last = tap("last", calls);
    Kring k = set.rx(0);
    assertTrue(k.addTap(last));
    assertTrue(k.addFirstTap(tap("first", calls)));
    adapter.arriving = 3;
    port.rxSync();
    assertThat(calls)
        .containsExactly("first before", "last before", "first after 0 to 3", "last after 0 to 3");
    k.removeTap(last);
    calls.clear();
    port.rxSync();
    port.close();
    assertThat(calls).containsExactly("first before", "first after 3 to 3", "first gone");
    assertThat(k.addTap(last)).isFalse();
  }

  /** Puts the TX ring where rhead and rtail are as asked: by legal syncs only. */
  private NetmapRing txAt(int rhead, int rtail) {
    NetmapRing ring = port.tx(0);
    int[] stops = rhead >= N / 2 ? new int[] {N / 2, rhead} : new int[] {rhead};
    for (int stop : stops) {
      adapter.inFlight = stop == rhead ? Math.floorMod(rhead - 1 - rtail, N) : 0;
      ring.advance(stop);
      assertEquals(0, port.txSync());
    }
    assertEquals(rtail, ring.tail());
    return ring;
  }

  private NetmapRing rxAt(int hwcur, int hwtail) {
    NetmapRing ring = port.rx(0);
    adapter.arriving = hwcur;
    port.rxSync();
    ring.advance(hwcur);
    adapter.arriving = 0;
    port.rxSync();
    adapter.arriving = Math.floorMod(hwtail - hwcur, N);
    port.rxSync();
    assertEquals(hwtail, ring.tail());
    return ring;
  }

  @ParameterizedTest(name = "rhead {0} rtail {1}: head {2} cur {3}")
  @CsvSource({
    // B: rhead <= head <= cur <= rtail
    "20, 50, 20, 20",
    "20, 50, 20, 50",
    "20, 50, 35, 40",
    "20, 50, 50, 50",
    // F and D: rtail < rhead
    "50, 20, 50, 50",
    "50, 20, 60, 70",
    "50, 20, 60, 10",
    "50, 20, 71, 20",
    "50, 20, 0, 0",
    "50, 20, 10, 20",
    "50, 20, 20, 20",
  })
  void legalPositionsAreAccepted(int rhead, int rtail, int head, int cur) {
    NetmapRing tx = txAt(rhead, rtail);
    tx.head(head);
    tx.cur(cur);
    assertEquals(0, port.txSync());
    assertEquals(0, adapter.tx[0].reinits());
    assertEquals(head, adapter.tx[0].hwCur);

    NetmapRing rx = rxAt(rhead, rtail);
    rx.head(head);
    rx.cur(cur);
    assertEquals(0, port.rxSync());
    assertEquals(0, adapter.rx[0].reinits());
    assertEquals(head, adapter.rx[0].hwCur);
  }

  @ParameterizedTest(name = "rhead {0} rtail {1}: head {2} cur {3}")
  @CsvSource({
    "20, 50, 10, 30", // A
    "20, 50, 60, 60", // C
    "20, 50, 19, 19", // A, by one
    "20, 50, 51, 51", // C, by one
    "20, 50, 30, 25", // cur before head
    "20, 50, 30, 60", // cur past tail
    "20, 50, 30, 10", // cur round the ring
    "50, 20, 30, 30", // E
    "50, 20, 21, 21", // E, by one
    "50, 20, 49, 49", // E, by one
    "50, 20, 60, 55", // F, cur before head
    "50, 20, 60, 30", // F, cur past tail
    "50, 20, 10, 5", // D, cur before head
    "50, 20, 10, 30", // D, cur past tail
    "50, 20, 10, 60", // D, cur round the ring
  })
  void illegalPositionsInRangeAreRepairedAndTheNextSyncAccepts(
      int rhead, int rtail, int head, int cur) {
    NetmapRing tx = txAt(rhead, rtail);
    Kring k = adapter.tx[0];
    int hwCur = k.hwCur;
    int syncs = adapter.syncs;
    tx.head(head);
    tx.cur(cur);
    assertEquals(Libc.EINVAL, port.txSync());
    assertEquals(1, k.reinits());
    assertEquals(syncs, adapter.syncs, "the device is not asked to send");
    assertEquals(hwCur, k.hwCur);
    int headNow = k.distance(hwCur, head) <= k.distance(hwCur, k.hwTail) ? head : hwCur;
    assertRepaired(tx, headNow, headNow == head ? cur : headNow, rtail);
    adapter.inFlight = Math.floorMod(headNow - 1 - rtail, N);
    assertEquals(0, port.txSync());
    assertEquals(headNow, k.hwCur);
    assertEquals(1, k.reinits());

    NetmapRing rx = rxAt(rhead, rtail);
    k = adapter.rx[0];
    int rxCur = k.hwCur;
    syncs = adapter.syncs;
    adapter.arriving = 0;
    rx.head(head);
    rx.cur(cur);
    assertEquals(Libc.EINVAL, port.rxSync());
    assertEquals(1, k.reinits());
    assertEquals(syncs + 1, adapter.syncs, "packets are taken in all the same");
    assertEquals(rxCur, k.hwCur, "and nothing is given back");
    headNow = k.distance(rxCur, head) <= k.distance(rxCur, k.hwTail) ? head : rxCur;
    assertRepaired(rx, headNow, headNow == head ? cur : headNow, rtail);
    assertEquals(0, port.rxSync());
    assertEquals(headNow, k.hwCur, "given back: the user's own only");
    assertEquals(1, k.reinits());
    assertEquals(0, port.poll(0, 0));
  }

  /** {@code head} as said; {@code cur} as the user left it where that is legal. */
  private static void assertRepaired(NetmapRing ring, int head, int cur, int tail) {
    assertEquals(head, ring.head());
    boolean stays = Math.floorMod(cur - head, N) <= Math.floorMod(tail - head, N);
    assertEquals(stays ? cur : head, ring.cur());
    assertEquals(tail, ring.tail());
  }

  @ParameterizedTest
  @CsvSource({"72, 72", "72, 0", "20, 72", "-1, -1", "20, -1", "2147483647, 0", "-2147483648, 0"})
  void indicesOutOfRangeResetTheRing(int head, int cur) {
    NetmapRing tx = txAt(20, 50);
    tx.head(head);
    tx.cur(cur);
    assertEquals(Libc.EINVAL, port.txSync());
    assertEquals(20, tx.head(), "head = cur = hwcur");
    assertEquals(20, tx.cur());
    assertEquals(50, tx.tail(), "tail = hwtail");
    assertEquals(0, port.txSync());

    NetmapRing rx = rxAt(20, 50);
    rx.head(head);
    rx.cur(cur);
    assertEquals(Libc.EINVAL, port.rxSync());
    assertEquals(20, rx.head());
    assertEquals(20, rx.cur());
    assertEquals(50, rx.tail());
    assertEquals(0, port.rxSync());
  }

  @Test
  void anOverwrittenTailIsRestored() {
    NetmapRing tx = txAt(20, 50);
    Mem.putInt(tx.address() + RingLayout.TAIL, 60);
    adapter.inFlight = 41; // what keeps hwtail at 50
    assertEquals(0, port.txSync());
    assertEquals(50, tx.tail());
  }

  @Test
  void repairZeroesBadSlotsAndKeepsGoodOnes() {
    NetmapRing tx = txAt(20, 50);
    int good = tx.bufIdx(5);
    tx.bufIdx(0, 1);
    tx.bufIdx(1, region.bufTotal());
    tx.bufIdx(2, -7);
    tx.len(3, 2049);
    tx.head(60);
    port.txSync();
    for (int i : new int[] {0, 1, 2}) {
      assertEquals(0, tx.bufIdx(i));
      assertEquals(0, tx.len(i));
    }
    assertEquals(0, tx.len(3));
    assertThat(tx.bufIdx(3)).isGreaterThan(1);
    assertEquals(good, tx.bufIdx(5));
    assertEquals(2048, tx.len(5));
  }

  @Test
  void aSecondAttemptPassesWhereTheDeviceCanDoIt() {
    NetmapRing tx = txAt(10, 9);
    adapter.carrier = false;
    tx.advance(20);
    assertEquals(0, port.txSync());
    tx.advance(15); // takes five pending slots back
    assertEquals(Libc.EINVAL, port.txSync());
    assertEquals(0, port.txSync(), "netmap takes the illegal head as the new one");
    adapter.carrier = true;
    adapter.inFlight = 0;
    assertEquals(0, port.txSync());
    assertEquals(15, adapter.tx[0].hwCur);
  }

  @Test
  void aTailIsPublishedOnlyAfterTheSync() {
    NetmapRing rx = port.rx(0);
    rx.flags(Netmap.NR_TIMESTAMP);
    adapter.arriving = 9;
    assertEquals(0, rx.space());
    port.rxSync();
    assertEquals(9, rx.space());
    assertThat(rx.timestampMicros()).isGreaterThan(1_700_000_000_000_000L);
  }

  @Test
  void onlyARingThatAsksIsStamped() {
    NetmapRing rx = port.rx(0);
    port.rxSync();
    assertEquals(0, rx.timestampMicros());
    rx.flags(Netmap.NR_TIMESTAMP);
    port.rxSync();
    assertThat(rx.timestampMicros()).isPositive();
  }

  @Test
  void everyRxSyncStamps() {
    NetmapRing rx = port.rx(0);
    rx.flags(Netmap.NR_TIMESTAMP);
    adapter.arriving = 3;
    port.rxSync();
    adapter.arriving = 0;
    long first = rx.timestampMicros();
    long deadline = System.nanoTime() + 5_000_000_000L;
    while (rx.timestampMicros() == first && System.nanoTime() < deadline) {
      assertEquals(0, port.rxSync());
    }
    assertThat(rx.timestampMicros()).as("with nothing new").isGreaterThan(first);
    assertEquals(0, port.tx(0).timestampMicros(), "RX rings only");
  }

  @Test
  void aSyncInFlightIsWaitedFor() {
    new SlowAdapter(new CountDownLatch(1), new CountDownLatch(1)).run();
  }

  @Test
  void aClosedPortAnswersWithErrors() {
    assertEquals(0, port.txSync());
    port.close();
    assertEquals(Libc.EIO, port.txSync());
    assertEquals(Libc.EIO, port.rxSync());
    assertEquals(NetmapPort.POLLERR, port.poll(NetmapPort.POLLIN, 0));
    assertTrue(adapter.stopped);
    assertTrue(adapter.closed);
  }

  /** A sync that waits inside the adapter: fence() must not return before it does. */
  private record SlowAdapter(CountDownLatch inSync, CountDownLatch go) {
    void run() {
      FakeAdapterThatWaits slow = new FakeAdapterThatWaits(inSync, go);
      Region memory = Region.create(MemoryOptions.DEFAULT.buffers(256, 2048).rings(2, 8448));
      RingSet rings = RingSet.start(slow, memory);
      Kring k = rings.tx(0);
      Thread inside = new Thread(() -> k.txSync(0));
      inside.start();
      boolean[] fenced = new boolean[1];
      Thread fencing =
          new Thread(
              () -> {
                k.fence();
                fenced[0] = true;
              });
      try {
        inSync.await();
        fencing.start();
        assertEquals(Libc.EBUSY, k.txSync(0), "a ring that is being synced is skipped");
        fencing.join(50);
        assertTrue(fencing.isAlive() && !fenced[0], "fence waits for the sync in flight");
        go.countDown();
        fencing.join();
        inside.join();
        assertEquals(Libc.EIO, k.txSync(0));
        k.unfence();
        assertEquals(0, k.txSync(0));
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      } finally {
        RingSet.Binding none = new RingSet.Binding(0, 0, 0, 0, false);
        rings.bind(none);
        rings.release(none);
        memory.close();
      }
    }
  }

  /** One thread gives slots back or fills them, another syncs: no moment of it is illegal. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void headAndCurOfOneThreadAreLegalForAnotherThatSyncs(boolean tx) throws Exception {
    FakeAdapter busy =
        new FakeAdapter(1, 1, 64, 64) {
          @Override
          public int rxSync(Kring k, int flags) {
            arriving = 5;
            return super.rxSync(k, flags);
          }
        };
    RingSet rings = RingSet.start(busy, region);
    rings.bind(all);
    try (NetmapPort shared =
        TestPorts.open("netmap:shared", rings, all, NetmapPort.Request.DEFAULT)) {
      NetmapRing ring = tx ? shared.tx(0) : shared.rx(0);
      AtomicBoolean done = new AtomicBoolean();
      Thread user =
          new Thread(
              () -> {
                while (!done.get()) {
                  ring.advance(ring.tail());
                }
              });
      user.start();
      try {
        for (int i = 0; i < 300_000; i++) {
          assertEquals(0, tx ? shared.txSync() : shared.rxSync(), "sync " + i);
        }
      } finally {
        done.set(true);
        user.join();
      }
      assertEquals(0, (tx ? rings.tx(0) : rings.rx(0)).reinits());
    }
  }

  private record FakeAdapterThatWaits(CountDownLatch inSync, CountDownLatch go) implements Adapter {
    @Override
    public String name() {
      return "slow";
    }

    @Override
    public Rings rings() {
      return new Rings(1, 0, 64, 64);
    }

    @Override
    public int txSync(Kring kring, int flags) {
      inSync.countDown();
      try {
        go.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      return 0;
    }

    @Override
    public int rxSync(Kring kring, int flags) {
      return 0;
    }

    @Override
    public void start(Kring[] tx, Kring[] rx) {}

    @Override
    public void stop() {}

    @Override
    public io.netmap4j.common.LinkState link() {
      return io.netmap4j.common.LinkState.DOWN;
    }

    @Override
    public java.util.Map<String, Long> counters() {
      return new java.util.TreeMap<>();
    }

    @Override
    public void close() {}
  }
}
