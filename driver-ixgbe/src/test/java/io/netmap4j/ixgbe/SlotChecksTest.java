package io.netmap4j.ixgbe;

import static io.netmap4j.ixgbe.ModelTraffic.NIC;
import static io.netmap4j.ixgbe.ModelTraffic.SLOTS;
import static io.netmap4j.ixgbe.ModelTraffic.STEPPED;
import static io.netmap4j.ixgbe.ModelTraffic.assertDmaStaysInBuffers;
import static io.netmap4j.ixgbe.ModelTraffic.assertNoViolations;
import static io.netmap4j.ixgbe.ModelTraffic.frame;
import static io.netmap4j.ixgbe.ModelTraffic.put;
import static io.netmap4j.ixgbe.ModelTraffic.receive;
import static io.netmap4j.ixgbe.ModelTraffic.setup;
import static io.netmap4j.ixgbe.ModelTraffic.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.DmaMapping;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Slots that a program filled in wrongly: they are refused, counted, and never become an address.
 */
@Timeout(60)
@Tag(SuiteRunner.TAG)
@Order(2)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SlotChecksTest {
  @Order(1)
  @ParameterizedTest
  @ValueSource(longs = {0, 42})
  void badSlotsAreNotSentAndNeverBecomeADmaAddress(long seed) {
    try (ModelRig rig = new ModelRig(setup(seed, NIC.dropWhenFull(false)))) {
      Random random = new Random(5);
      NetmapRing tx = rig.a.tx(0);
      NetmapRing rx = rig.b.rx(0);
      int[] badIndices = {
        0, 1, -1, rig.region.bufTotal(), Integer.MIN_VALUE, Integer.MAX_VALUE, 0x00ff_ffff
      };
      int[] badLengths = {0, 1, 13, 1519, 2049, 9725, 0xffff};
      int bad = 0;
      for (int i = 0; i < 1000; i++) {
        until(rig, "a free slot", () -> rig.a.txSync() == 0 && tx.space() > 0);
        int slot = tx.head();
        int index = tx.bufIdx(slot);
        tx.put(slot, frame(i, 100));
        boolean spoil = random.nextInt(3) == 0;
        if (spoil && random.nextBoolean()) {
          tx.bufIdx(slot, badIndices[random.nextInt(badIndices.length)]);
        } else if (spoil) {
          tx.len(slot, badLengths[random.nextInt(badLengths.length)]);
        }
        tx.advance(tx.next(slot));
        assertEquals(spoil ? Libc.EINVAL : 0, rig.a.txSync(), "status, frame " + i);
        tx.bufIdx(slot, index);
        bad += spoil ? 1 : 0;
        assertEquals(bad, rig.a.unsent());
        if (spoil) {
          continue;
        }
        until(rig, "a frame", () -> rig.b.rxSync() == 0 && !rx.isEmpty());
        byte[] got = rx.get(rx.head());
        assertArrayEquals(frame(i, 100), got, "frame " + i);
        rx.advance(rx.next(rx.head()));
      }
      assertEquals(bad, rig.a.counters().get("bad_slots"));
      assertDmaStaysInBuffers(rig);
      assertNoViolations(rig);
    }
  }

  @Test
  void releaseStopsAtAnInvalidBufferIndexUntilItIsRepaired() {
    try (ModelRig rig = new ModelRig(STEPPED.nic(NIC.dropWhenFull(false)))) {
      for (int i = 0; i < 5; i++) {
        put(rig.a.tx(0), frame(i, 64));
      }
      rig.a.txSync();
      NetmapRing rx = rig.b.rx(0);
      until(rig, "five frames", () -> rig.b.rxSync() == 0 && rx.space() == 5);
      int slot = rx.plus(rx.head(), 2);
      int index = rx.bufIdx(slot);
      rx.bufIdx(slot, rig.region.bufTotal() + 5);
      rx.advance(rx.tail());
      assertEquals(Libc.EINVAL, rig.b.rxSync());
      assertEquals(0, rx.bufIdx(slot), "netmap's repair");
      assertEquals(Libc.EINVAL, rig.b.rxSync(), "0 is no buffer either");
      rx.bufIdx(slot, index);
      assertEquals(0, rig.b.rxSync());
      for (int i = 0; i < 3 * SLOTS; i++) {
        int n = i;
        until(rig, "room", () -> rig.a.txSync() == 0 && rig.a.tx(0).space() > 0);
        put(rig.a.tx(0), frame(n, 80));
        rig.a.txSync();
        assertArrayEquals(frame(n, 80), receive(rig, rig.b));
      }
      assertDmaStaysInBuffers(rig);
      assertNoViolations(rig);
    }
  }

  @Test
  void invalidChainsAreNotSent() {
    try (ModelRig rig = new ModelRig(STEPPED.nic(NIC.mtu(9000).dropWhenFull(false)))) {
      NetmapRing tx = rig.a.tx(0);
      chain(tx, 41, 100); // one more than 40 descriptors
      assertEquals(Libc.EINVAL, rig.a.txSync());
      assertEquals(41, rig.a.counters().get("bad_slots"));
      assertEquals(1, rig.a.unsent());
      assertEquals(SLOTS - 1, tx.space(), "done at once: nothing is under way");
      chain(tx, 5, 2048); // 10,240 bytes
      assertEquals(Libc.EINVAL, rig.a.txSync());
      chain(tx, 3, 0); // nothing in it
      assertEquals(Libc.EINVAL, rig.a.txSync());
      chain(tx, 2, 6); // less than a header
      assertEquals(Libc.EINVAL, rig.a.txSync());
      assertEquals(51, rig.a.counters().get("bad_slots"));
      assertEquals(4, rig.a.unsent());
      assertTrue(rig.a.drain(0), "nothing is pending, and this drain refused nothing");
      chain(tx, 5, 2048);
      assertFalse(rig.a.drain(5000), "drain tells of what it refused");
      assertTrue(rig.a.drain(5000));
      chain(tx, 2, 8); // padded to what the engine takes
      assertEquals(0, rig.a.txSync());
      chain(tx, 40, 100);
      assertEquals(0, rig.a.txSync());
      assertEquals(5, rig.a.unsent());
      byte[] padded = new byte[60];
      Arrays.fill(padded, 0, 16, (byte) 0x77);
      assertArrayEquals(padded, receive(rig, rig.b));
      NetmapRing rx = rig.b.rx(0);
      int[] whole = new int[1];
      until(
          rig,
          "the good chain",
          () -> {
            rig.a.txSync();
            rig.b.rxSync();
            for (; !rx.isEmpty(); rx.advance(rx.next(rx.head()))) {
              whole[0] += rx.len(rx.head());
            }
            return whole[0] == 4000;
          });
      assertEquals(2, rig.a.counters().get("GPTC"));
      assertDmaStaysInBuffers(rig);
      assertNoViolations(rig);
    }
  }

  private static void chain(NetmapRing tx, int slots, int part) {
    for (int i = 0; i < slots; i++) {
      int slot = tx.head();
      Mem.set(tx.buffer(slot), part, (byte) 0x77);
      tx.lenAndFlags(slot, part, i < slots - 1 ? Netmap.NS_MOREFRAG : 0);
      tx.advance(tx.next(slot));
    }
  }

  /**
   * Buffers of 3072 bytes, and of 8192 in a pool that does not begin at a multiple: some straddle
   * pages of 2 MiB, which are apart for these cards.
   */
  @ParameterizedTest
  @CsvSource({"3072,42", "8192,42", "3072,0"})
  void buffersThatStraddlePagesAreNeitherAllocatedNorUsed(int bufSize, long seed) {
    ModelRig.Setup setup =
        setup(seed, NIC.dropWhenFull(false)).memory(MemoryOptions.DEFAULT.buffers(4096, bufSize));
    try (ModelRig rig = new ModelRig(setup)) {
      int[] straddlers = straddlers(rig.region);
      assertThat(straddlers).hasSizeGreaterThan(2);
      Deque<Integer> spare = new ArrayDeque<>();
      IntStream.of(rig.region.allocateBuffersUpTo(4096)).forEach(spare::add);
      assertThat(spare).hasSize(4096 - 2 - 4 * SLOTS - straddlers.length);
      assertThat(spare).doesNotContainAnyElementsOf(Arrays.stream(straddlers).boxed().toList());
      NetmapRing tx = rig.a.tx(0);
      Random random = new Random(5);
      int bad = 0;
      for (int i = 0; i < 3000; i++) {
        until(rig, "a free slot", () -> rig.a.txSync() == 0 && tx.space() > 0);
        int slot = tx.head();
        spare.add(tx.bufIdx(slot));
        tx.bufIdx(slot, spare.remove());
        tx.put(slot, frame(i, 1500));
        int index = tx.bufIdx(slot);
        boolean spoil = random.nextInt(8) == 0;
        if (spoil) {
          tx.bufIdx(slot, straddlers[random.nextInt(straddlers.length)]);
          bad++;
        }
        tx.advance(tx.next(slot));
        assertEquals(spoil ? Libc.EINVAL : 0, rig.a.txSync(), "status, frame " + i);
        tx.bufIdx(slot, index);
        if (!spoil) {
          byte[] got = receiveAndExchange(rig, rig.b, spare, straddlers);
          assertArrayEquals(frame(i, 1500), got, "frame " + i);
        }
      }
      assertEquals(bad, rig.a.counters().get("bad_slots"));
      assertThat(rig.b.counters().get("bad_slots")).isGreaterThan(10);
      assertDmaStaysInBuffers(rig);
      assertNoViolations(rig);
    }
  }

  /** A frame, whose buffer is exchanged; at times for one that straddles pages at first. */
  private static byte[] receiveAndExchange(
      ModelRig rig, NetmapPort port, Deque<Integer> spare, int[] straddlers) {
    NetmapRing ring = port.rx(0);
    until(rig, "a frame", () -> port.rxSync() == 0 && !ring.isEmpty());
    int slot = ring.head();
    byte[] got = ring.get(slot);
    spare.add(ring.bufIdx(slot));
    int fresh = spare.remove();
    boolean spoil = slot % 50 == 0 && fresh % 2 == 0;
    ring.bufIdx(slot, spoil ? straddlers[slot % straddlers.length] : fresh);
    ring.slotFlags(slot, Netmap.NS_BUF_CHANGED);
    ring.advance(ring.next(slot));
    if (spoil) {
      long before = port.counters().get("bad_slots");
      assertEquals(Libc.EINVAL, port.rxSync());
      assertEquals(before + 1, port.counters().get("bad_slots"));
      assertEquals(0, ring.bufIdx(slot), "netmap's repair");
      ring.bufIdx(slot, fresh);
      assertEquals(0, port.rxSync());
    }
    return got;
  }

  private static int[] straddlers(Region region) {
    return IntStream.range(Region.FIRST_BUFFER, region.bufTotal())
        .filter(
            i -> {
              long start = region.bufOffset() + (long) i * region.bufSize();
              return start >> DmaMapping.PAGE_SHIFT
                  != start + region.bufSize() - 1 >> DmaMapping.PAGE_SHIFT;
            })
        .toArray();
  }
}
