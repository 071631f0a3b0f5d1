package io.netmap4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.common.Offsets;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every kind of port must do, whatever is between two of them. A subclass says how to open a
 * pair; titles come from netmap's own test scripts (utils/tests).
 */
@Timeout(60)
public abstract class PortContract {
  protected static final int SLOTS = 72;
  protected static final int EXTRA = 64;
  private static final int HEADER = 14;

  /** Two ports joined to each other: ring 0 of each direction is used. */
  protected interface Pair extends AutoCloseable {
    NetmapPort a();

    NetmapPort b();

    /** Lets some of what is under way move on. */
    void run();

    @Override
    void close();
  }

  /** Ports with {@link #SLOTS} slots, {@link #EXTRA} extra buffers, frames of up to 9014 bytes. */
  protected abstract Pair open();

  /** As {@link #open}, with headroom in every slot. A kind of port without offsets skips. */
  protected Pair open(Offsets offsets) {
    return Assumptions.abort("this test opens no ports with offsets " + offsets);
  }

  /** True for a port whose TX slots come back only when the receiver has released the packets. */
  protected boolean completesWhenReleased() {
    return false;
  }

  /** How the port treats odd slots and packets. */
  protected MixedSlots.Rules rules() {
    return MixedSlots.Rules.NIC;
  }

  /** Flags of a slot that may send its packet to another port than the pair's. */
  protected int steering() {
    return 0;
  }

  /** Seeds whatever a test chooses at random. */
  protected long seed() {
    return 1;
  }

  /** A frame with a number in it and bytes that follow from it. */
  protected static byte[] frame(int number, int length) {
    byte[] f = new byte[length];
    Arrays.fill(f, 0, 6, (byte) 0xff);
    f[6] = 2;
    f[11] = 1;
    f[12] = (byte) 0x88;
    f[13] = (byte) 0xb5;
    for (int i = HEADER; i < length; i++) {
      f[i] = (byte) (number * 31 + i);
    }
    for (int i = 0; i < 4; i++) {
      f[HEADER + i] = (byte) (number >>> 8 * i);
    }
    return f;
  }

  protected static void until(Pair pair, String what, BooleanSupplier done) {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (!done.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, () -> "waited 20 s for " + what);
      pair.run();
    }
  }

  /** Puts a frame into the next slot, or into several of {@code part} bytes. */
  protected static void put(NetmapRing ring, byte[] frame, int part) {
    int slot = ring.head();
    for (int at = 0; at < frame.length; at += part) {
      int n = Math.min(part, frame.length - at);
      Mem.copyIn(frame, at, ring.buffer(slot), n);
      ring.lenAndFlags(slot, n, at + n < frame.length ? Netmap.NS_MOREFRAG : 0);
      slot = ring.next(slot);
    }
    ring.advance(slot);
  }

  protected static void send(Pair pair, NetmapPort from, byte[] frame) {
    send(pair, from, frame, 2048);
  }

  private static void send(Pair pair, NetmapPort from, byte[] frame, int part) {
    int slots = (frame.length + part - 1) / part;
    until(
        pair,
        slots + " free slots",
        () -> {
          if (from.tx(0).space() < slots) {
            from.txSync();
          }
          return from.tx(0).space() >= slots;
        });
    put(from.tx(0), frame, part);
    assertEquals(0, from.txSync());
  }

  /** Takes one whole packet, of any number of slots, and releases it. */
  protected static byte[] receive(Pair pair, NetmapPort to) {
    NetmapRing ring = to.rx(0);
    until(
        pair,
        "a packet at " + to.name(),
        () -> {
          if (ring.isEmpty()) {
            to.rxSync();
          }
          return !ring.isEmpty();
        });
    return take(ring);
  }

  protected static byte[] take(NetmapRing ring) {
    byte[] whole = {};
    int slot = ring.head();
    boolean more;
    do {
      assertTrue(slot != ring.tail(), "tail stands inside a packet");
      byte[] part = ring.get(slot);
      int at = whole.length;
      whole = Arrays.copyOf(whole, at + part.length);
      System.arraycopy(part, 0, whole, at, part.length);
      more = (ring.slotFlags(slot) & Netmap.NS_MOREFRAG) != 0;
      slot = ring.next(slot);
    } while (more);
    ring.advance(slot);
    return whole;
  }

  /**
   * For NICs: traffic up to slot {@code offset}, then a reset, so that descriptor 0 belongs to that
   * slot from now on.
   */
  protected static void moveRings(Pair pair, int offset) {
    for (int i = 0; i < offset; i++) {
      send(pair, pair.a(), frame(i, 60));
      assertArrayEquals(frame(i, 60), receive(pair, pair.b()));
      send(pair, pair.b(), frame(i, 60));
      assertArrayEquals(frame(i, 60), receive(pair, pair.a()));
    }
    for (NetmapPort port : new NetmapPort[] {pair.a(), pair.b()}) {
      if (offset > 0) {
        port.rxSync();
        drain(pair, port);
        port.nic().reset();
      }
    }
    until(pair, "link", () -> pair.a().link().up() && pair.b().link().up());
  }

  private static void drain(Pair pair, NetmapPort port) {
    until(
        pair,
        "the last packet of " + port.name() + " to leave",
        () -> port.txSync() == 0 && !port.tx(0).txPending());
  }

  @Test
  void whatIsSentOnOneIsReceivedOnTheOther() {
    try (Pair pair = open()) {
      int number = 0;
      for (int length : new int[] {60, 61, 63, 64, 65, 127, 128, 1024, 1513, 1514, 2047, 2048}) {
        send(pair, pair.a(), frame(++number, length));
        assertArrayEquals(
            frame(number, length), receive(pair, pair.b()), "a to b, " + length + " bytes");
        send(pair, pair.b(), frame(++number, length));
        assertArrayEquals(
            frame(number, length), receive(pair, pair.a()), "b to a, " + length + " bytes");
      }
    }
  }

  @Test
  void aLongStreamKeepsItsOrderOverManyWraps() {
    try (Pair pair = open()) {
      Random random = new Random(seed());
      NetmapRing tx = pair.a().tx(0);
      NetmapRing rx = pair.b().rx(0);
      int total = 20 * SLOTS;
      int[] counts = new int[2];
      until(
          pair,
          total + " frames",
          () -> {
            int burst = Math.min(random.nextInt(SLOTS + 1), total - counts[0]);
            for (; burst > 0 && tx.space() > 0; burst--) {
              put(tx, frame(counts[0], 60 + counts[0] % 200), 2048);
              counts[0]++;
            }
            assertEquals(0, pair.a().txSync());
            assertEquals(0, pair.b().rxSync());
            for (int n = random.nextInt(SLOTS); n > 0 && !rx.isEmpty(); n--) {
              assertArrayEquals(
                  frame(counts[1], 60 + counts[1] % 200), take(rx), "frame " + counts[1]);
              counts[1]++;
            }
            return counts[1] == total;
          });
      assertEquals(0, pair.b().rxSync());
      drain(pair, pair.a());
      assertEquals(SLOTS - 1, tx.space());
    }
  }

  @Test
  protected void aFullRingTakesNoMoreAndLosesNothing() {
    try (Pair pair = open()) {
      NetmapRing tx = pair.a().tx(0);
      int capacity = completesWhenReleased() ? SLOTS - 1 : 2 * (SLOTS - 1);
      int sent = 0;
      int idle = 0;
      long since = System.nanoTime();
      long deadline = since + 20_000_000_000L;
      while (idle < 200
          || System.nanoTime() - since < 50_000_000
          || (sent < capacity && System.nanoTime() < deadline)) {
        pair.a().txSync();
        pair.run();
        idle = tx.space() == 0 ? idle + 1 : 0;
        while (tx.space() > 0) {
          put(tx, frame(sent++, 1514), 2048);
          since = System.nanoTime();
        }
      }
      assertThat(sent).isGreaterThanOrEqualTo(capacity);
      assertTrue(tx.isEmpty());
      for (int i = 0; i < sent; i++) {
        pair.a().txSync();
        assertArrayEquals(frame(i, 1514), receive(pair, pair.b()), "frame " + i + " of " + sent);
      }
      pair.b().rxSync();
      drain(pair, pair.a());
      assertTrue(pair.b().rx(0).isEmpty());
    }
  }

  @Test
  void swappedBuffersArriveUnderTheirNewIndex() {
    try (Pair pair = open()) {
      NetmapRing tx = pair.a().tx(0);
      NetmapRing rx = pair.b().rx(0);
      List<Integer> aSpare = extra(pair.a());
      List<Integer> bSpare = extra(pair.b());
      for (int i = 0; i < 3 * SLOTS; i++) {
        int slot = tx.head();
        int spare = aSpare.remove(0);
        aSpare.add(tx.bufIdx(slot));
        tx.bufIdx(slot, spare);
        Mem.copyIn(frame(i, 100), 0, tx.buffer(slot), 100);
        tx.lenAndFlags(slot, 100, Netmap.NS_BUF_CHANGED);
        tx.advance(tx.next(slot));
        assertEquals(0, pair.a().txSync());
        if (!completesWhenReleased()) {
          drain(pair, pair.a());
        }
        assertEquals(0, tx.slotFlags(slot), "NS_BUF_CHANGED is cleared");
        until(pair, "frame " + i, () -> pair.b().rxSync() == 0 && !rx.isEmpty());
        assertArrayEquals(frame(i, 100), rx.get(rx.head()), "frame " + i);
        int mine = rx.bufIdx(rx.head());
        int other = bSpare.remove(0);
        rx.bufIdx(rx.head(), other);
        rx.slotFlags(rx.head(), Netmap.NS_BUF_CHANGED);
        rx.advance(rx.next(rx.head()));
        bSpare.add(mine);
      }
      relist(pair.a(), aSpare);
      relist(pair.b(), bSpare);
    }
  }

  @Test
  void packetsHeldInBuffersStayIntactAndComeBackInAnyOrder() {
    try (Pair pair = open()) {
      Random random = new Random(seed());
      NetmapRing rx = pair.b().rx(0);
      List<Integer> spare = extra(pair.b());
      List<int[]> held = new ArrayList<>(); // buffer, number
      for (int i = 0; i < 4 * SLOTS; i++) {
        send(pair, pair.a(), frame(i, 200));
        until(pair, "frame " + i, () -> pair.b().rxSync() == 0 && !rx.isEmpty());
        int replacement;
        if (spare.isEmpty() || held.size() > 10 && random.nextInt(3) == 0) {
          int[] back = held.remove(random.nextInt(held.size()));
          byte[] bytes = new byte[200];
          Mem.copyOut(pair.b().memory().bufAddress(back[0]), bytes, 0, 200);
          assertArrayEquals(frame(back[1], 200), bytes, "held frame " + back[1]);
          replacement = back[0];
        } else {
          replacement = spare.remove(0);
        }
        held.add(new int[] {rx.bufIdx(rx.head()), i});
        rx.bufIdx(rx.head(), replacement);
        rx.slotFlags(rx.head(), Netmap.NS_BUF_CHANGED);
        rx.advance(rx.next(rx.head()));
      }
      held.forEach(h -> spare.add(h[0]));
      relist(pair.b(), spare);
    }
  }

  @Test
  void packetsHeldBehindHeadStayIntactWhileNewOnesArrive() {
    try (Pair pair = open()) {
      NetmapRing rx = pair.b().rx(0);
      ArrayDeque<Integer> slots = new ArrayDeque<>();
      int hold = SLOTS / 2;
      for (int i = 0; i < 3 * SLOTS; i++) {
        send(pair, pair.a(), frame(i, 80));
        until(pair, "frame " + i, () -> pair.b().rxSync() == 0 && rx.cur() != rx.tail());
        slots.add(rx.cur());
        rx.cur(rx.next(rx.cur()));
        if (slots.size() > hold) {
          int slot = slots.remove();
          assertArrayEquals(frame(i - hold, 80), rx.get(slot), "frame " + (i - hold));
          rx.head(rx.next(slot));
        }
      }
    }
  }

  @Test
  void packetsOfSeveralSlotsArriveWholeBothWays() {
    try (Pair pair = open()) {
      Random random = new Random(seed());
      for (int i = 0; i < 60; i++) {
        int length = i == 0 ? 9014 : 60 + random.nextInt(9014 - 60 + 1);
        int part = 100 + random.nextInt(1949);
        while ((length + part - 1) / part > 40) {
          part *= 2;
        }
        NetmapPort from = i % 2 == 0 ? pair.a() : pair.b();
        send(pair, from, frame(i, length), Math.min(part, 2048));
        byte[] got = receive(pair, i % 2 == 0 ? pair.b() : pair.a());
        assertArrayEquals(frame(i, length), got, length + " bytes in parts of " + part);
      }
    }
  }

  @Test
  void anUnfinishedPacketWaitsForItsEnd() {
    try (Pair pair = open()) {
      NetmapRing tx = pair.a().tx(0);
      byte[] whole = frame(7, 3000);
      int first = tx.head();
      put(tx, frame(6, 2500), 1400); // whole, and of two slots
      int slot = tx.head();
      Mem.copyIn(whole, 0, tx.buffer(slot), 2000);
      tx.lenAndFlags(slot, 2000, Netmap.NS_MOREFRAG);
      tx.advance(tx.next(slot));
      MixedSlots.Unfinished rule = rules().unfinished();
      int status = rule == MixedSlots.Unfinished.IS_TAKEN ? 0 : Libc.EINVAL;
      assertEquals(status, pair.a().txSync());
      if (rule == MixedSlots.Unfinished.IS_DROPPED) {
        assertEquals(0, pair.a().txSync(), "told once");
        assertEquals(1, pair.a().unsent());
        send(pair, pair.a(), frame(8, 60));
        assertArrayEquals(frame(6, 2500), receive(pair, pair.b()));
        assertArrayEquals(frame(8, 60), receive(pair, pair.b()), "nothing of the unfinished one");
        return;
      }
      assertEquals(status, pair.a().txSync(), "and again");
      assertEquals((first + 3) % SLOTS, tx.head());
      slot = tx.head();
      Mem.copyIn(whole, 2000, tx.buffer(slot), 1000);
      tx.lenAndFlags(slot, 1000, 0);
      tx.advance(tx.next(slot));
      assertEquals(0, pair.a().txSync());
      assertArrayEquals(frame(6, 2500), receive(pair, pair.b()));
      assertArrayEquals(whole, receive(pair, pair.b()), "the end and what was before it");
    }
  }

  @Test
  void sentIsOnTheWireForEveryMixtureOfGoodAndBadSlots() {
    try (Pair pair = open()) {
      new MixedSlots(pair.a(), pair.b(), pair::run, seed(), rules()).send(400);
    }
  }

  @Test
  void packetsStartBehindTheOffsetsOfTheirSlots() {
    try (Pair pair = open(new Offsets(64, 256, 12, 0))) {
      Random random = new Random(seed());
      NetmapRing rx = pair.b().rx(0);
      assertEquals(0xfff, rx.offsetMask());
      for (NetmapRing ring : new NetmapRing[] {pair.a().tx(0), rx}) {
        for (int i = 0; i < SLOTS; i++) {
          assertEquals(64, ring.ptr(i), "at first");
        }
      }
      for (int i = 0; i < 3 * SLOTS; i++) {
        int length = i % 3 > 0 ? 60 + random.nextInt(60) : 60 + random.nextInt(8955);
        NetmapRing tx = pair.a().tx(0);
        until(pair, "room", () -> pair.a().txSync() == 0 && tx.space() > 8);
        for (int n = 0, slot = tx.head(); n < 8; n++, slot = tx.next(slot)) {
          tx.ptr(slot, random.nextLong() << 12);
          tx.offset(slot, random.nextInt(400)); // more than 256 counts as 256
          assertTrue(tx.offset(slot) <= 256);
          assertEquals(tx.bufferStart(slot) + tx.offset(slot), tx.buffer(slot));
        }
        put(tx, frame(i, length), 1500);
        assertEquals(0, pair.a().txSync());
        until(pair, "frame " + i, () -> pair.b().rxSync() == 0 && !rx.isEmpty());
        int first = rx.head();
        assertArrayEquals(frame(i, length), take(rx), "frame " + i + ", " + length + " bytes");
        for (int slot = first; slot != rx.head(); slot = rx.next(slot)) {
          rx.offset(slot, random.nextInt(257)); // for what is received into it next
        }
      }
    }
  }

  @Test
  void aPacketThatEndsBehindItsBufferIsRefused() {
    try (Pair pair = open(new Offsets(256, 256, 0, 0))) {
      NetmapRing tx = pair.a().tx(0);
      int most = tx.bufSize() - 256;
      int slot = tx.head();
      tx.len(slot, most + 1);
      tx.ptr(slot, -1);
      tx.advance(tx.next(slot));
      assertEquals(Libc.EINVAL, pair.a().txSync());
      assertEquals(1, pair.a().unsent());
      tx.ptr(tx.head(), -1);
      put(tx, frame(1, most), most);
      assertEquals(0, pair.a().txSync());
      assertArrayEquals(frame(1, most), receive(pair, pair.b()), "and nothing before");
    }
  }

  private BadInput badInput(Pair pair) {
    return new BadInput(pair.a(), pair.b(), pair::run, rules(), steering());
  }

  @Test
  void everyIllegalHeadAndCurIsRefusedAndNothingMoves() {
    try (Pair pair = open()) {
      badInput(pair).indices();
    }
  }

  @Test
  void aReleasedSlotWithoutABufferIsRefusedUntilItHasOne() {
    try (Pair pair = open()) {
      badInput(pair).releasedBuffers();
    }
  }

  @Test
  void noCombinationOfFieldsOfASlotReachesOtherMemory() {
    try (Pair pair = open()) {
      badInput(pair).fields();
    }
  }

  @Test
  void noOffsetReachesOtherMemory() {
    try (Pair pair = open(new Offsets(0, 256, 12, 0))) {
      badInput(pair).offsets(256);
    }
  }

  @Test
  void indicesThatAreWrongAreRepairedAndTrafficGoesOn() {
    try (Pair pair = open()) {
      Random random = new Random(seed());
      for (int i = 0; i < 50; i++) {
        NetmapRing tx = pair.a().tx(0);
        NetmapRing rx = pair.b().rx(0);
        assertEquals(0, pair.b().rxSync(), "what was released is accepted");
        tx.head(SLOTS + random.nextInt(1000));
        tx.cur(random.nextInt());
        assertEquals(Libc.EINVAL, pair.a().txSync());
        rx.head(-1 - random.nextInt(1000));
        assertEquals(Libc.EINVAL, pair.b().rxSync());
        send(pair, pair.a(), frame(i, 90));
        assertArrayEquals(frame(i, 90), receive(pair, pair.b()));
      }
      assertEquals(50, pair.a().counters().get("ring_reinits"));
    }
  }

  @Test
  void pollWaitsForWhatIsBeyondCur() {
    try (Pair pair = open()) {
      NetmapRing rx = pair.b().rx(0);
      assertEquals(0, pair.b().poll(NetmapPort.POLLIN, 0));
      long before = System.nanoTime();
      assertEquals(0, pair.b().poll(NetmapPort.POLLIN, 30));
      assertThat(System.nanoTime() - before).isBetween(29_000_000L, 5_000_000_000L);
      put(pair.a().tx(0), frame(1, 60), 2048);
      assertEquals(0, pair.a().poll(NetmapPort.POLLIN, 0), "POLLIN alone sends what is pending");
      until(pair, "POLLIN", () -> pair.b().poll(NetmapPort.POLLIN, 1) == NetmapPort.POLLIN);
      assertEquals(
          NetmapPort.POLLIN, pair.b().poll(NetmapPort.POLLIN, 1000), "unread packets are news");
      rx.cur(rx.tail());
      assertEquals(0, pair.b().poll(NetmapPort.POLLIN, 0), "those before cur are not");
      assertEquals(1, rx.space(), "though they are still the user's");
      assertEquals(NetmapPort.POLLOUT, pair.a().poll(NetmapPort.POLLOUT, 1000));
      rx.head(rx.cur());
    }
  }

  @Test
  void theLastPacketCompletesWithoutAnother() {
    try (Pair pair = open()) {
      for (int n = 1; n < SLOTS; n += 7) {
        int burst = n;
        for (int i = 0; i < burst; i++) {
          put(pair.a().tx(0), frame(i, 60), 2048);
        }
        pair.a().txSync();
        if (completesWhenReleased()) {
          assertEquals(SLOTS - 1 - burst, pair.a().tx(0).space());
          until(pair, burst + " packets", () -> pair.b().rxSync() == 0 && release(pair.b(), burst));
        }
        drain(pair, pair.a());
        assertEquals(SLOTS - 1, pair.a().tx(0).space());
        for (int i = 0; i < burst && !completesWhenReleased(); i++) {
          receive(pair, pair.b());
        }
      }
    }
  }

  /** Releases that many packets of one slot each, and syncs, once they are all there. */
  private static boolean release(NetmapPort port, int packets) {
    NetmapRing rx = port.rx(0);
    if (rx.space() < packets) {
      return false;
    }
    rx.advance(rx.tail());
    assertEquals(0, port.rxSync());
    return true;
  }

  private static List<Integer> extra(NetmapPort port) {
    List<Integer> list = new ArrayList<>();
    for (int i = port.nifp().bufsHead(); i != 0; i = Mem.getInt(port.memory().bufAddress(i))) {
      list.add(i);
    }
    assertEquals(EXTRA, list.size());
    return list;
  }

  /** Rebuilds the list of extra buffers, so that close finds them all. */
  private static void relist(NetmapPort port, List<Integer> buffers) {
    int next = 0;
    for (int index : buffers) {
      Mem.putInt(port.memory().bufAddress(index), next);
      next = index;
    }
    port.nifp().bufsHead(next);
  }
}
