package io.netmap4j.ixgbe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.MixedSlots;
import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelDevice;
import io.netmap4j.model.ModelDomain;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.dma.DmaLog;
import io.netmap4j.model.dma.PcieBill;
import io.netmap4j.model.fault.WriteBackFault;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.DmaMapping;
import io.netmap4j.spi.NicDevice;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a NIC must do beyond the contract of every port: link, reset, hostile users, hostile cards,
 * accounting.
 */
@Timeout(60)
@Tag(SuiteRunner.TAG)
class DriverOnModelTest {
  private static final int SLOTS = 72;
  private static final NicOptions NIC = NicOptions.DEFAULT.slots(SLOTS, SLOTS);
  private static final ModelRig.Setup STEPPED = ModelRig.Setup.DEFAULT.nic(NIC).stepped(42);

  private static byte[] frame(int number, int length) {
    byte[] f = new byte[length];
    Arrays.fill(f, 0, Math.min(6, length), (byte) 0xff);
    for (int i = 14; i < length; i++) {
      f[i] = (byte) (number * 17 + i);
    }
    if (length > 13) {
      f[6] = 2;
      f[12] = (byte) 0x88;
      f[13] = (byte) 0xb5;
    }
    return f;
  }

  private static void until(ModelRig rig, String what, BooleanSupplier done) {
    long deadline = System.nanoTime() + 10_000_000_000L;
    while (!done.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, () -> "waited 10 s for " + what);
      rig.run();
    }
  }

  private static void put(NetmapRing ring, byte[] frame) {
    ring.put(ring.head(), frame);
    ring.advance(ring.next(ring.head()));
  }

  private static byte[] receive(ModelRig rig, NetmapPort port) {
    NetmapRing ring = port.rx(0);
    until(rig, "a frame", () -> !ring.isEmpty() || port.rxSync() == 0 && !ring.isEmpty());
    byte[] got = ring.get(ring.head());
    ring.advance(ring.next(ring.head()));
    return got;
  }

  private static void nothingBroken(ModelRig rig) {
    assertEquals("", rig.violations());
  }

  // Link

  /** Stepped by {@code seed}; 0 for cards that a thread runs. */
  private static ModelRig.Setup setup(long seed, NicOptions nic) {
    return seed == 0 ? ModelRig.Setup.DEFAULT.nic(nic) : STEPPED.nic(nic).stepped(seed);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 42})
  void withoutCarrierSlotsStayPendingAndLeaveWhenItComes(long seed) {
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
      nothingBroken(rig);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 42})
  void linkDownAndUpInTrafficLosesNothingThatWasPending(long seed) {
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
      nothingBroken(rig);
    }
  }

  // Reset

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2, 3})
  void resetWithPacketsPendingLeavesTheUsersIndicesAlone(long seed) {
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
      nothingBroken(rig);
    }
  }

  // Hostile users

  @ParameterizedTest
  @ValueSource(longs = {0, 42})
  void badSlotsSendNothingAndNeverBecomeADmaAddress(long seed) {
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
      nothingOutside(rig);
      nothingBroken(rig);
    }
  }

  @Test
  void aBadBufferOnReleaseStopsThereAndIsRepaired() {
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
      nothingOutside(rig);
      nothingBroken(rig);
    }
  }

  @Test
  void chainsThatNoCardTakesAreNotSent() {
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
      nothingOutside(rig);
      nothingBroken(rig);
    }
  }

  /** Flags of slots after a sync, as netmap's ixgbe_netmap_txsync leaves them. */
  @Test
  void flagsAfterASyncAreNetmaps() {
    try (ModelRig rig = new ModelRig(STEPPED)) {
      NetmapRing tx = rig.a.tx(0);
      int done = Netmap.NS_REPORT | Netmap.NS_BUF_CHANGED;
      int others = Netmap.NS_FORWARD | Netmap.NS_NO_LEARN;
      tx.lenAndFlags(0, 60, done | others);
      tx.lenAndFlags(1, 60, done | others | Netmap.NS_MOREFRAG);
      tx.lenAndFlags(2, 60, done | others);
      tx.lenAndFlags(3, 60, Netmap.NS_BUF_CHANGED);
      tx.lenAndFlags(4, 5, done | others); // refused
      tx.advance(5);
      assertEquals(Libc.EINVAL, rig.a.txSync());
      assertEquals(others, tx.slotFlags(0));
      assertEquals(done | others | Netmap.NS_MOREFRAG, tx.slotFlags(1), "not the last slot");
      assertEquals(others, tx.slotFlags(2));
      assertEquals(0, tx.slotFlags(3));
      assertEquals(others, tx.slotFlags(4));
      until(rig, "all to leave", () -> rig.a.txSync() == 0 && !tx.txPending());
      assertEquals(3, rig.a.counters().get("GPTC"));
      nothingBroken(rig);
    }
  }

  @Test
  void pausesAreNeitherObeyedNorShown() {
    try (ModelRig rig = new ModelRig(STEPPED.nic(NIC.dropWhenFull(false)))) {
      byte[] pause = new byte[60];
      int[] head = {1, 0x80, 0xc2, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x88, 0x08, 0, 1, 0xff, 0xff};
      for (int i = 0; i < head.length; i++) {
        pause[i] = (byte) head[i];
      }
      for (int i = 0; i < 20; i++) {
        put(rig.a.tx(0), i % 2 == 0 ? pause : frame(i, 80));
        put(rig.b.tx(0), frame(i, 90));
      }
      assertEquals(0, rig.a.txSync());
      assertEquals(0, rig.b.txSync());
      for (int i = 0; i < 20; i++) {
        assertArrayEquals(frame(i, 90), receive(rig, rig.a));
      }
      for (int i = 1; i < 20; i += 2) {
        assertArrayEquals(frame(i, 80), receive(rig, rig.b));
      }
      nothingBroken(rig);
    }
  }

  /** Rings of any size, MTUs, engine orders. */
  @ParameterizedTest
  @CsvSource({"64,1500,1", "64,9000,2", "72,68,3", "128,1500,4", "128,9000,5", "256,1500,6"})
  void sentIsOnTheWireForEveryMixture(int slots, int mtu, long seed) {
    NicOptions nic = NIC.slots(slots, slots).mtu(mtu).dropWhenFull(false);
    try (ModelRig rig = new ModelRig(STEPPED.nic(nic).stepped(seed))) {
      new MixedSlots(rig.a, rig.b, rig::run, seed).send(1000);
      nothingOutside(rig);
      nothingBroken(rig);
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

  @Test
  void framesTooShortForTheEngineArePaddedFirst() {
    try (ModelRig rig = new ModelRig(STEPPED)) {
      for (int length = 14; length < 20; length++) {
        Mem.set(rig.a.tx(0).buffer(rig.a.tx(0).head()), 64, (byte) 0xee);
        put(rig.a.tx(0), frame(length, length));
        rig.a.txSync();
        assertArrayEquals(
            Arrays.copyOf(frame(length, length), 60), receive(rig, rig.b), length + " bytes");
      }
      assertEquals(0, rig.a.counters().get("bad_slots"));
      nothingBroken(rig);
    }
  }

  /**
   * Every access of both cards was inside the region's buffers 0 and 2 up, or the driver's own
   * descriptor rings.
   */
  /**
   * Buffers of 3072 bytes, and of 8192 in a pool that does not begin at a multiple: some straddle
   * pages of 2 MiB, which are apart for these cards.
   */
  @ParameterizedTest
  @CsvSource({"3072,42", "8192,42", "3072,0"})
  void buffersThatStraddlePagesAreNeitherHandedOutNorUsed(int bufSize, long seed) {
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
          byte[] got = receive(rig, rig.b, spare, straddlers);
          assertArrayEquals(frame(i, 1500), got, "frame " + i);
        }
      }
      assertEquals(bad, rig.a.counters().get("bad_slots"));
      assertThat(rig.b.counters().get("bad_slots")).isGreaterThan(10);
      nothingOutside(rig);
      nothingBroken(rig);
    }
  }

  /** A frame, whose buffer is exchanged; at times for one that straddles pages at first. */
  private static byte[] receive(
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

  private static boolean inOneBuffer(Region region, long offset, long length) {
    long inPool = offset - region.bufOffset();
    int index = (int) (inPool / region.bufSize());
    return inPool >= 0
        && inPool % region.bufSize() + length <= region.bufSize()
        && (index == 0 || region.isBuffer(index));
  }

  /** Each access of packets is within one buffer, and one that may be used. */
  private static void nothingOutside(ModelRig rig) {
    for (int i = 0; i < 2; i++) {
      assertEquals(
          0, rig.cards[i].memory().faults(), "DMA faults: accesses outside what was given");
      try (DmaMapping mapping = rig.domain.map(rig.region)) {
        long pages = rig.region.size() >>> DmaMapping.PAGE_SHIFT;
        for (DmaLog.Access access : rig.logs[i].accesses()) {
          if (access.kind() == DmaLog.Kind.PACKET_READ
              || access.kind() == DmaLog.Kind.PACKET_WRITE) {
            boolean inside = false;
            for (long p = 0; p < pages && !inside; p++) {
              long start = mapping.iova(p * DmaMapping.PAGE);
              inside =
                  access.within(start, DmaMapping.PAGE)
                      && inOneBuffer(
                          rig.region, p * DmaMapping.PAGE + access.iova() - start, access.length());
            }
            assertTrue(inside, () -> "outside a buffer: " + access);
          }
        }
      }
    }
  }

  // Hostile cards

  @ParameterizedTest
  @EnumSource(WriteBackFault.class)
  void whatTheCardWritesBackIsChecked(WriteBackFault fault) {
    ModelRig.Setup setup = STEPPED.nic(NIC.dropWhenFull(false));
    try (ModelRig rig = new ModelRig(setup)) {
      rig.cards[1].faults().corruptWriteBack(fault);
      rig.cards[0].faults().corruptWriteBack(fault);
      for (int i = 0; i < 500; i++) {
        if (rig.a.tx(0).space() > 0) {
          put(rig.a.tx(0), frame(i, 100));
        }
        rig.a.txSync();
        rig.run();
        rig.b.rxSync();
        NetmapRing rx = rig.b.rx(0);
        for (; !rx.isEmpty(); rx.advance(rx.next(rx.head()))) {
          assertThat(rx.len(rx.head()))
              .as("len of a slot, whatever the card wrote")
              .isLessThanOrEqualTo(2048);
        }
        assertThat(rig.a.tx(0).space()).isBetween(0, SLOTS - 1);
      }
      if (fault == WriteBackFault.LENGTH_FFFF
          || fault == WriteBackFault.LENGTH_ABOVE_BUFFER
          || fault == WriteBackFault.ALL_ONES
          || fault == WriteBackFault.ZERO_LENGTH) {
        assertThat(rig.b.counters().get("rx_bad_write_backs"))
            .as("length checks that failed")
            .isPositive();
      }
      nothingOutside(rig);
    }
  }

  @Test
  void aCardThatIsGoneIsAnErrorAndNotAHang() {
    try (ModelRig rig = new ModelRig(ModelRig.Setup.DEFAULT)) {
      rig.cards[0].faults().pullOut();
      long before = System.nanoTime();
      until(rig, "EIO", () -> rig.a.txSync() == Libc.EIO && rig.a.rxSync() == Libc.EIO);
      assertThat(System.nanoTime() - before)
          .as("ns until it was noticed")
          .isLessThan(5_000_000_000L);
      assertEquals(NetmapPort.POLLERR, rig.a.poll(NetmapPort.POLLIN, 1000));
      assertFalse(rig.a.link().up());
      assertThat(rig.a.counters()).containsKey("GPRC");
      assertEquals(0, rig.b.rxSync(), "the other card is well");
    }
  }

  // Several rings

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
      nothingBroken(rig);
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
  void theTableDecidesWhichRingAFlowGoesTo() {
    NicOptions four = NIC.rings(4, 4);
    try (ModelRig rig = new ModelRig(STEPPED.nic(four))) {
      byte[] key = new byte[40];
      new Random(1).nextBytes(key);
      for (int target = 0; target < 4; target++) {
        int[] table = new int[128];
        Arrays.fill(table, target);
        rig.b.nic().rss(key, table);
        put(rig.a.tx(0), Flows.udp(target, 0));
        rig.a.txSync();
        int ring = target;
        until(
            rig, "a frame in ring " + ring, () -> rig.b.rxSync() == 0 && !rig.b.rx(ring).isEmpty());
        rig.b.rx(ring).advance(rig.b.rx(ring).tail());
      }
      assertThatThrownBy(() -> rig.b.nic().rss(key, new int[] {1}))
          .isInstanceOf(NetmapException.class)
          .hasMessageContaining("table of 128");
      int[] wrong = new int[128];
      wrong[5] = 4;
      assertThatThrownBy(() -> rig.b.nic().rss(key, wrong)).hasMessageContaining("rings 0 to 3");
      nothingBroken(rig);
    }
  }

  // Overload

  @Test
  void overloadOnAWireThatDoesNotWaitIsAccountedToTheFrame() {
    NicOptions rings = NIC.rings(4, 4).dropWhenFull(true);
    accountedFor(rings, 30_000, 0b1111);
    accountedFor(rings.dropWhenFull(false), 30_000, 0b1111);
  }

  @Test
  void withOneRingStalledTheOthersFlow() {
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
      nothingBroken(rig);
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

  // What crosses PCIe

  @Test
  void aSyncRingsOneDoorbellReadsNoRegisterAndAsksForFewReports() {
    try (ModelRig rig = new ModelRig(ModelRig.Setup.DEFAULT.nic(NIC.slots(512, 512)))) {
      rig.a.drain(1000);
      for (int i = 0; i < 200; i++) {
        put(rig.a.tx(0), frame(i, 60));
      }
      rig.cards[0].log().enable(1000);
      PcieBill.Snapshot before = rig.cards[0].bill().snapshot();
      rig.a.txSync();
      long written =
          rig.cards[0].log().accesses().stream()
              .filter(x -> x.write() && x.register().startsWith("TDT"))
              .count();
      assertEquals(1, written, "doorbells of one sync");
      until(rig, "completion", () -> rig.a.txSync() == 0 && !rig.a.tx(0).txPending());
      PcieBill.Snapshot bill = rig.cards[0].bill().snapshot().since(before);
      assertEquals(1, bill.doorbells(), "an empty sync rings none");
      assertEquals(4, bill.descriptorsWritten(), "RS at 64, 128, 192 and the last");
      long other =
          rig.cards[0].log().accesses().stream()
              .filter(x -> !x.register().startsWith("TDT"))
              .filter(x -> !List.of("STATUS", "LINKS").contains(x.register())) // housekeeping
              .filter(x -> x.write())
              .count();
      assertEquals(0, other);
    }
  }

  @Test
  void nsReportAsksForAReportOfItsOwn() {
    try (ModelRig rig = new ModelRig(STEPPED.nic(NIC.slots(512, 512).dropWhenFull(false)))) {
      for (int i = 0; i < 10; i++) {
        put(rig.a.tx(0), frame(i, 60));
      }
      rig.a.tx(0).slotFlags(3, Netmap.NS_REPORT);
      PcieBill.Snapshot before = rig.cards[0].bill().snapshot();
      rig.a.txSync();
      until(rig, "completion", () -> rig.a.txSync() == 0 && !rig.a.tx(0).txPending());
      assertEquals(2, rig.cards[0].bill().snapshot().since(before).descriptorsWritten());
      assertEquals(0, rig.a.tx(0).slotFlags(3), "NS_REPORT is cleared");
      nothingBroken(rig);
    }
  }

  // Filters

  @Test
  void vlanTagsStayInTheFrameAndTheCrcDoesNot() {
    try (ModelRig rig = new ModelRig(STEPPED)) {
      byte[] tagged = frame(1, 1518);
      tagged[12] = (byte) 0x81;
      tagged[13] = 0;
      tagged[14] = 0x20;
      tagged[15] = 100;
      put(rig.a.tx(0), tagged);
      rig.a.txSync();
      assertArrayEquals(tagged, receive(rig, rig.b));
      nothingBroken(rig);
    }
  }

  @Test
  void onlyAddressesThatWereAskedForArriveWithoutPromiscuous() {
    try (ModelRig rig = new ModelRig(STEPPED.nic(NIC.promiscuous(false)))) {
      byte[] own = rig.b.nic().macAddress();
      byte[] other = {2, 9, 9, 9, 9, 9};
      byte[] group = {1, 0, 0x5e, 0, 0, 7};
      assertTrue(arrives(rig, own));
      assertFalse(arrives(rig, other));
      assertFalse(arrives(rig, group));
      assertTrue(arrives(rig, new byte[] {-1, -1, -1, -1, -1, -1}), "broadcast");
      rig.b.nic().addAddress(other);
      rig.b.nic().addAddress(group);
      assertTrue(arrives(rig, other));
      assertTrue(arrives(rig, group));
      rig.b.nic().reset();
      until(rig, "link", () -> rig.b.link().up());
      assertTrue(arrives(rig, other), "after a reset as well");
      assertTrue(arrives(rig, group), "after a reset as well");
      rig.b.nic().removeAddress(other);
      rig.b.nic().removeAddress(group);
      assertFalse(arrives(rig, other));
      assertFalse(arrives(rig, group));
      rig.b.nic().allMulticast(true);
      assertTrue(arrives(rig, group));
      assertFalse(arrives(rig, other));
      rig.b.nic().promiscuous(true);
      assertTrue(arrives(rig, other));
      nothingBroken(rig);
    }
  }

  private static boolean arrives(ModelRig rig, byte[] to) {
    byte[] f = frame(1, 60);
    System.arraycopy(to, 0, f, 0, 6);
    put(rig.a.tx(0), f);
    put(rig.a.tx(0), frame(2, 77)); // a broadcast behind it, which always arrives
    rig.a.txSync();
    byte[] got = receive(rig, rig.b);
    return got.length == 60 && receive(rig, rig.b).length == 77;
  }

  // Opening and closing

  @Test
  void closingUnmapsEverything() {
    long faults;
    long first;
    try (ModelRig rig = new ModelRig(ModelRig.Setup.DEFAULT)) {
      try (DmaMapping mapping = rig.domain.map(rig.region)) {
        first = mapping.iova(0);
      }
      rig.a.close();
      rig.b.close();
      try (DmaMapping mapping = rig.domain.map(rig.region)) {
        assertThat(mapping.iova(0))
            .as("mapped anew, since close unmapped the old mapping")
            .isNotEqualTo(first);
      }
      faults = rig.cards[0].memory().faults();
    }
    assertEquals(0, faults);
  }

  @Test
  void aCardIsForOneDriverAtATime() {
    try (ModelRig rig = new ModelRig(ModelRig.Setup.DEFAULT)) {
      assertThatThrownBy(() -> ModelDevice.open(rig.cards[0], rig.domain, "again"))
          .isInstanceOfSatisfying(NetmapException.class, e -> assertEquals(Libc.EBUSY, e.errno()));
    }
  }

  /** What a killed process left in the card must not be followed. */
  @Test
  void noBusMasteringBeforeTheReset() {
    int command = 4;
    int memoryAndMaster = 6;
    List<Integer> atReset = new ArrayList<>();
    try (Nic82599 card = new Nic82599(CardOptions.port(0));
        ModelRunner runner = new ModelRunner(card);
        Region region = Region.create(ModelRig.Setup.DEFAULT.memory())) {
      runner.start();
      ModelDevice device = ModelDevice.open(card, ModelDomain.scattered(7), "model:0");
      device.writeConfig(command, 2, 0); // as UIO leaves it
      NicDevice watched =
          (NicDevice)
              Proxy.newProxyInstance(
                  getClass().getClassLoader(),
                  new Class<?>[] {NicDevice.class},
                  (proxy, method, args) -> {
                    if (method.getName().equals("write32")
                        && (int) args[0] == Reg.CTRL
                        && ((int) args[1] & Reg.CTRL_RST) != 0) {
                      atReset.add(device.readConfig(command, 2) & memoryAndMaster);
                    }
                    return method.invoke(device, args);
                  });
      Adapter adapter = new IxgbeDriver().attach(watched, region, NIC);
      assertThat(device.readConfig(command, 2) & memoryAndMaster).isEqualTo(memoryAndMaster);
      adapter.close();
    }
    assertThat(atReset).isNotEmpty().allMatch(c -> c == 2);
  }

  @Test
  void optionsThatTheCardCannotTakeAreNamed() {
    refused(NIC.rings(17, 1), "tx-rings = 17 is out of range: 1 to 16");
    refused(NIC.slots(60, 64), "tx-slots = 60");
    refused(NIC.slots(100, 64), "multiples of 8");
    refused(NIC.slots(64, 4104), "rx-slots = 4104 is out of range: 64 to 4096");
    refused(NIC.mtu(9711), "mtu = 9711 is out of range: 68 to 9710");
  }

  private static void refused(NicOptions nic, String why) {
    ModelRig.Setup setup = ModelRig.Setup.DEFAULT.nic(nic);
    assertThatThrownBy(() -> new ModelRig(setup).close()).hasMessageContaining(why);
  }

  @Test
  void aRefusedReadIsToldAndCounted() throws Exception {
    try (ModelRig rig = new ModelRig(ModelRig.Setup.DEFAULT)) {
      assertEquals(0, rig.a.counters().get("dma_refused"));
      for (int round = 1; round <= 2; round++) {
        rig.cards[0].faults().strayRead(0xDEAD0000L, 2);
        for (int i = 0; i < 5; i++) {
          sendOne(rig);
        }
        assertTrue(rig.a.drain(5000));
        assertEquals(round, rig.a.counters().get("dma_refused"));
        assertEquals(round, rig.a.counters().get("dma_refused"), "told once");
        assertEquals(4 * round, rig.a.counters().get("GPTC"));
      }
    }
  }

  @Test
  void theWatchdogTellsAStuckRingFromOneThatNobodyLooksAt() throws Exception {
    long usual = IxgbeWatchdog.limitNanos;
    try (ModelRig rig =
        new ModelRig(
            ModelRig.Setup.DEFAULT.nic(ModelRig.Setup.DEFAULT.nic().dropWhenFull(false)))) {
      sendOne(rig);
      until(rig, "report", () -> rig.cards[0].bill().snapshot().descriptorsWritten() > 0);
      put(rig.a.tx(0), new byte[5]); // refused, behind the report
      assertEquals(Libc.EINVAL, rig.a.txSync());
      IxgbeWatchdog.limitNanos = 100_000_000;
      Thread.sleep(500);
      assertEquals(0, rig.a.counters().get("tx_hangs"), "sent, and nobody looked");
      // The receiver gives nothing back, until its ring, its packet buffer and the wire are full.
      long deadline = System.nanoTime() + 20_000_000_000L;
      while (rig.a.counters().get("tx_hangs") == 0) {
        assertTrue(System.nanoTime() < deadline, "a stuck ring is told of");
        rig.a.txSync();
        while (rig.a.tx(0).space() > 0) {
          sendOne(rig);
        }
        Thread.sleep(1);
      }
    } finally {
      IxgbeWatchdog.limitNanos = usual;
    }
  }

  private static void sendOne(ModelRig rig) {
    NetmapRing tx = rig.a.tx(0);
    tx.put(tx.head(), new byte[1514]);
    tx.advance(tx.next(tx.head()));
    rig.a.txSync();
  }
}
