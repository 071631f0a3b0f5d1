package io.netmap4j.compat.vswitch;

import static io.netmap4j.compat.vswitch.Frames.BROADCAST;
import static io.netmap4j.compat.vswitch.Frames.frame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPoll;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SoakProgress;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.Errno;
import io.netmap4j.common.RingCounts;
import io.netmap4j.common.WaitMode;
import io.netmap4j.compat.ValeLookup;
import io.netmap4j.compat.vale.IndirectMemory;
import io.netmap4j.compat.vale.ValeCtl;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingTap;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Senders and receivers on threads of their own; waits; what is allocated. */
@Tag(SuiteRunner.TAG)
@Order(3)
@Timeout(300)
class ThreadsTest {
  private static final long PROMPT_NANOS = 700_000_000; // a sleep looks again after 1 s
  private static final long MAC = 0x020000000000L;

  private static NetmapPort open(String name, int slots) {
    return Netmap.open(
        name, NetmapPort.Request.DEFAULT.counts(RingCounts.DEFAULT.slots(slots, slots)));
  }

  /** Each look at a ring is two steps of a wait: before and after its sync. */
  private static final class Steps implements RingTap {
    int at = -1;
    int count;
    long last;
    long longestPause;
    int beforeSleep;
    Runnable event;

    void reset(int step, Runnable what) {
      at = step;
      count = 0;
      longestPause = 0;
      last = System.nanoTime();
      event = what;
    }

    private void step() {
      long now = System.nanoTime();
      if (now - last > longestPause) {
        longestPause = now - last;
        beforeSleep = count;
      }
      last = now;
      if (count++ == at) {
        event.run();
      }
    }

    @Override
    public void before(Kring kring) {
      step();
    }

    @Override
    public void after(Kring kring, int hwCur, int hwTail) {
      step();
    }
  }

  @Test
  void aFrameBetweenAnyTwoStepsWakesTheReceiver() {
    try (NetmapPort a = open("valeT:a", 64);
        NetmapPort b = open("valeT:b", 64);
        NetmapPoll poll = new NetmapPoll().mode(WaitMode.INTERRUPT).add(b, NetmapPort.POLLIN)) {
      Steps steps = new Steps();
      synchronized (Switches.LOCK) {
        Switches.find("valeT:b").ringSet.rx(0).addTap(steps);
      }
      steps.reset(-1, null);
      assertThat(poll.poll(300)).isZero();
      int count = steps.beforeSleep;
      assertThat(count).as("steps of a wait").isGreaterThan(3);
      for (int step = 0; step < count; step++) {
        steps.reset(step, () -> Frames.send(a, frame(BROADCAST, MAC, 60, 1)));
        long begin = System.nanoTime();
        assertThat(poll.poll(2000)).as("frame at step %d of %d", step, count).isEqualTo(1);
        assertThat(System.nanoTime() - begin)
            .as("ns until the wait ended, frame at step %d of %d: a lost wake-up", step, count)
            .isLessThan(PROMPT_NANOS);
        assertThat(Frames.receive(b)).hasSize(1);
        assertEquals(0, b.rxSync());
      }
    }
  }

  @Test
  void aSleepingReceiverHearsEveryFrame() throws Exception {
    ExecutorService threads = Executors.newSingleThreadExecutor();
    try (NetmapPort a = open("valeT:a", 64);
        NetmapPort b = open("valeT:b", 64);
        NetmapPort echo = open("valeT:echo", 64)) {
      Future<?> echoing =
          threads.submit(
              () -> {
                while (echo.poll(NetmapPort.POLLIN, 5000) == NetmapPort.POLLIN) {
                  for (byte[] f : Frames.receive(echo)) {
                    if (f[20] == 0) {
                      return;
                    }
                    f[11] = 9;
                    Frames.send(echo, f);
                  }
                }
              });
      for (int i = 0; i < 2000; i++) {
        Frames.send(a, frame(BROADCAST, MAC, 60, 1));
        long begin = System.nanoTime();
        assertThat(a.poll(NetmapPort.POLLIN, 2000)).isEqualTo(NetmapPort.POLLIN);
        assertThat(System.nanoTime() - begin)
            .as("round %d: a lost wake-up", i)
            .isLessThan(PROMPT_NANOS);
        assertThat(Frames.receive(a)).hasSize(1);
        Frames.receive(b);
      }
      Frames.send(a, frame(BROADCAST, MAC, 60, 0));
      echoing.get();
    } finally {
      threads.shutdownNow();
    }
  }

  /** A frame says who sent it, its number, and what its bytes sum up to. */
  private static int write(NetmapRing tx, int slot, int sender, long number, Random random) {
    int length =
        random.nextInt(4) == 0 ? 2049 + random.nextInt(9000 - 2048) : 60 + random.nextInt(1455);
    byte[] f = new byte[length];
    random.nextBytes(f);
    for (int i = 0; i < 12; i++) {
      f[i] = (byte) (i < 6 ? 0xff : 0);
    }
    f[6] = 2;
    f[11] = (byte) sender;
    for (int i = 0; i < 8; i++) {
      f[14 + i] = (byte) (number >>> 8 * i);
    }
    CRC32 sum = new CRC32();
    sum.update(f, 0, length - 4);
    for (int i = 0; i < 4; i++) {
      f[length - 4 + i] = (byte) (sum.getValue() >>> 8 * i);
    }
    int to = slot;
    for (int at = 0; at < length; at += 2048) {
      int n = Math.min(2048, length - at);
      tx.put(to, f, at, n, at + n < length ? Netmap.NS_MOREFRAG : 0);
      to = tx.next(to);
    }
    return to;
  }

  private static long number(byte[] f) {
    CRC32 sum = new CRC32();
    sum.update(f, 0, f.length - 4);
    byte[] want = new byte[4];
    byte[] got = new byte[4];
    for (int i = 0; i < 4; i++) {
      want[i] = (byte) (sum.getValue() >>> 8 * i);
      got[i] = f[f.length - 4 + i];
    }
    assertArrayEquals(want, got, "checksum of a frame of " + f.length + " bytes");
    long number = 0;
    for (int i = 7; i >= 0; i--) {
      number = number << 8 | f[14 + i] & 0xff;
    }
    return number;
  }

  /**
   * Two senders on three ports, a receiver each for what both send: every frame came, in order, or
   * was counted as dropped. {@code -Dnetmap4j.soak=FRAMES} sends more.
   */
  @Test
  @Timeout(value = 24, unit = TimeUnit.HOURS)
  void twoSendersAndAReceiverAccountForEveryFrame() throws Exception {
    long total = Long.getLong("netmap4j.soak", 20_000) / 2;
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try (NetmapPort a = open("valeT:a", 128);
        NetmapPort b = open("valeT:b", 128);
        NetmapPort c = open("valeT:c", 256)) {
      List<Future<Void>> senders = new ArrayList<>();
      for (NetmapPort port : new NetmapPort[] {a, b}) {
        int id = port == a ? 1 : 2;
        senders.add(threads.submit(sender(port, id, total)));
      }
      long[] last = {-1, -1};
      long received = 0;
      SoakProgress progress = new SoakProgress("switch", 2 * total);
      boolean sending = true;
      while (true) {
        boolean was = sending;
        sending = !senders.stream().allMatch(Future::isDone);
        List<byte[]> got = Frames.receive(c);
        for (byte[] f : got) {
          long number = number(f);
          int id = f[11] - 1;
          assertThat(number).as("order of what port %d sent", id).isGreaterThan(last[id]);
          last[id] = number;
          received++;
        }
        progress.at(received);
        if (got.isEmpty() && !was) {
          break;
        }
        if (got.isEmpty()) {
          c.poll(NetmapPort.POLLIN, 10);
        }
      }
      for (Future<Void> s : senders) {
        s.get();
      }
      assertEquals(2 * total, received + c.counters().get("rx_drops"), "received and dropped");
      assertEquals(received, c.counters().get("rx_frames"));
      for (NetmapPort port : new NetmapPort[] {a, b}) {
        assertEquals(total, port.counters().get("tx_frames"));
        assertEquals(
            total, port.counters().get("rx_frames") + port.counters().get("rx_drops"), port.name());
        assertEquals(0, port.unsent());
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static Callable<Void> sender(NetmapPort port, int id, long total) {
    return () -> {
      Random random = new Random(id);
      NetmapRing tx = port.tx(0);
      for (long n = 0; n < total; ) {
        int slot = tx.head();
        int used = 0;
        for (int batch = 1 + random.nextInt(20); batch > 0 && used < 100 && n < total; batch--) {
          int next = write(tx, slot, id, n++, random);
          used += Math.floorMod(next - slot, tx.numSlots());
          slot = next;
        }
        tx.advance(slot);
        assertEquals(0, port.txSync());
        if (random.nextInt(4) == 0) {
          Thread.yield();
        }
      }
      return null;
    };
  }

  @Test
  void portsComeAndGoWhileOthersSendToThem() throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try (NetmapPort a = open("valeT:a", 128);
        NetmapPort b = open("valeT:b", 128)) {
      List<Future<?>> senders = new ArrayList<>();
      for (NetmapPort port : new NetmapPort[] {a, b}) {
        senders.add(
            threads.submit(
                () -> {
                  while (!done.get()) {
                    NetmapRing tx = port.tx(0);
                    for (int i = 0; i < 50; i++) {
                      Frames.put(tx, frame(BROADCAST, MAC + 1, 1000, i), 0);
                    }
                    assertEquals(0, port.txSync());
                    Thread.yield();
                  }
                }));
      }
      int rounds = Integer.getInteger("netmap4j.closes", 150);
      for (int i = 0; i < rounds; i++) {
        try (NetmapPort c = open("valeT:c", 200)) {
          for (byte[] f : Frames.receive(c)) {
            assertEquals(1000, f.length);
            assertThat(f).isEqualTo(frame(BROADCAST, MAC + 1, 1000, f[20]));
          }
          NetmapPort sends = i % 2 == 0 ? c : a;
          c.poll(NetmapPort.POLLIN, i % 5);
          assertThat(sends.rxSync()).isZero();
        }
      }
      done.set(true);
      for (Future<?> s : senders) {
        s.get();
      }
    } finally {
      done.set(true);
      threads.shutdownNow();
    }
  }

  /** A sender may have found the port just before it closed. */
  @Test
  void closedRingsAreNotWritten() {
    try (NetmapPort a = open("valeT:a", 64)) {
      NetmapPort b = Netmap.open("valeT:b", NetmapPort.Request.DEFAULT.region(a.memory()));
      ValeRxRing ring;
      synchronized (Switches.LOCK) {
        ring = Switches.find("valeT:b").rxRings[0];
      }
      b.close();
      Batch batch = new Batch();
      batch.from[0] = a.tx(0).buffer(0);
      batch.sizes[0] = 60 | 1 << 16;
      batch.next[0] = Batch.NONE;
      ring.deliver(batch, 0, Batch.NONE, 0);
      assertEquals(0, ring.frames);
    }
  }

  @Test
  void closeOfIndirectMemoryWaitsForTheSyncThatReadsIt() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch answer = new CountDownLatch(1);
    ByteBuffer direct = ByteBuffer.allocateDirect(60);
    byte[] f = frame(BROADCAST, MAC, 60, 1);
    direct.put(0, f);
    try (NetmapPort a = open("valeT:a", 64);
        NetmapPort b = open("valeT:b", 64)) {
      ValeCtl.lookup(
          "valeT:",
          frame -> {
            asked.countDown();
            try {
              answer.await();
            } catch (InterruptedException e) {
              return ValeLookup.DROP;
            }
            return ValeLookup.BROADCAST;
          });
      IndirectMemory memory = IndirectMemory.of(direct);
      NetmapRing tx = a.tx(0);
      tx.ptr(0, memory.address());
      tx.lenAndFlags(0, 60, Netmap.NS_INDIRECT);
      tx.advance(1);
      Future<Integer> sync = threads.submit(a::txSync);
      asked.await();
      Future<?> close = threads.submit(memory::close);
      Thread.sleep(50);
      assertThat(close.isDone()).isFalse();
      answer.countDown();
      assertEquals(0, sync.get());
      close.get();
      direct.put(0, new byte[60]);
      assertThat(Frames.receive(b)).containsExactly(f);
    } finally {
      answer.countDown();
      threads.shutdownNow();
    }
  }

  @Test
  void closeEndsTheWaitOfItsPort() throws Exception {
    ExecutorService threads = Executors.newSingleThreadExecutor();
    NetmapPort a = open("valeT:a", 64);
    Future<Integer> wait = threads.submit(() -> a.poll(NetmapPort.POLLIN, -1));
    Thread.sleep(50);
    a.close();
    assertEquals(NetmapPort.POLLERR, wait.get());
    assertEquals(Errno.EIO, a.txSync());
    threads.shutdownNow();
  }

  @Test
  void noObjectPerPacketNorPerSync() {
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().getId();
    try (NetmapPort a = open("valeT:a", 100);
        NetmapPort b = open("valeT:b", 100);
        NetmapPort c = open("valeT:c", 100)) {
      byte[][] frames = {
        frame(BROADCAST, MAC + 1, 60, 1), frame(MAC + 2, MAC + 1, 600, 1), new byte[10]
      };
      Frames.send(b, frame(BROADCAST, MAC + 2, 60, 1));
      NetmapPort[] receivers = {b, c};
      long before = 0;
      int batches = 20_000;
      for (int i = 0; i < 2 * batches; i++) {
        if (i == batches) {
          before = threads.getThreadAllocatedBytes(self);
        }
        NetmapRing tx = a.tx(0);
        for (int n = 0; n < 8; n++) {
          byte[] f = frames[n == 3 && i % 32 == 0 ? 2 : n & 1];
          int flags = n == 0 && i % 8 == 0 ? Netmap.NS_MOREFRAG : 0;
          tx.put(tx.head(), f, 0, f.length, flags);
          tx.advance(tx.next(tx.head()));
        }
        a.txSync();
        for (NetmapPort port : receivers) {
          port.poll(NetmapPort.POLLIN, 0);
          port.rx(0).advance(port.rx(0).tail());
          port.rxSync();
        }
      }
      assertThat(threads.getThreadAllocatedBytes(self) - before)
          .as("bytes for %d batches", batches)
          .isLessThan(batches / 4);
    }
  }
}
