package io.netmap4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;

/**
 * Sends good packets and bad ones in any order, in batches of any size, and expects the good ones
 * at the other port, byte for byte, and nothing else. Ring 0 of each port is used; the receiver
 * holds the sender up and loses nothing.
 */
public final class MixedSlots {
  /**
   * What kinds of ports do differently.
   *
   * @param leastReceived a shorter frame comes out padded
   * @param mostSlots of a packet
   * @param emptySlots a slot may have no bytes
   * @param unfinished what becomes of a packet whose end is not there
   */
  public record Rules(int leastReceived, int mostSlots, boolean emptySlots, Unfinished unfinished) {
    /** A NIC. */
    public static final Rules NIC = new Rules(60, 40, false, Unfinished.KEEPS_BATCH);
  }

  /** What becomes of a packet whose end is not there at a TX sync (docs/netmap-abi.md 5.7). */
  public enum Unfinished {
    /** It waits in the ring, with all that was sent with it. */
    KEEPS_BATCH,
    /** It waits inside the port. */
    IS_TAKEN,
    /** It is refused. */
    IS_DROPPED
  }

  private final NetmapPort from;
  private final NetmapPort to;
  private final NetmapRing tx;
  private final NetmapRing rx;
  private final Runnable run;
  private final Random random;
  private final Rules rules;
  private final Deque<byte[]> onTheWire = new ArrayDeque<>();
  private final List<int[]> spoilt = new ArrayList<>();
  private final int[] nextSlot = new int[1];
  private long sent;
  private long refused;
  private long badSlots;

  /**
   * @param run lets some of what is under way move on
   */
  public MixedSlots(NetmapPort from, NetmapPort to, Runnable run, long seed) {
    this(from, to, run, seed, Rules.NIC);
  }

  /** As the other one, for ports with these rules. */
  public MixedSlots(NetmapPort from, NetmapPort to, Runnable run, long seed, Rules rules) {
    this.rules = rules;
    this.from = from;
    this.to = to;
    this.tx = from.tx(0);
    this.rx = to.rx(0);
    this.run = run;
    this.random = new Random(seed);
  }

  /** Sends {@code packets} and checks everything. */
  public void send(int packets) {
    final long unsentBefore = from.unsent();
    final long badBefore = from.counters().get("bad_slots");
    final long framesBefore = from.counters().getOrDefault("GPTC", 0L);
    for (int left = packets; left > 0; ) {
      nextSlot[0] = tx.head();
      long refusedBefore = refused;
      int batch = Math.min(left, 1 + random.nextInt(random.nextBoolean() ? 4 : 30));
      for (int i = 0; i < batch && packet(); i++) {
        left--;
      }
      boolean bad = refused != refusedBefore;
      if (random.nextInt(4) == 0 && unfinished(bad)) {
        bad = false; // told already
      }
      tx.advance(nextSlot[0]);
      if (random.nextInt(8) == 0) {
        assertEquals(!bad, drain(), "drain of a batch with" + (bad ? "" : "out") + " bad packets");
      } else {
        assertEquals(bad ? Libc.EINVAL : 0, from.txSync(), "batch with bad packets: " + bad);
      }
      assertEquals(refused, from.unsent() - unsentBefore);
      restore();
      receive();
      run.run();
    }
    until("all to leave", () -> from.txSync() == 0 && receive() && !tx.txPending());
    assertTrue(from.drain(1000));
    until("the last frame", () -> receive() && onTheWire.isEmpty());
    for (int i = 0; i < 20; i++) {
      run.run();
      receive();
    }
    assertEquals(refused, from.unsent() - unsentBefore);
    assertEquals(badSlots, from.counters().get("bad_slots") - badBefore);
    if (from.counters().containsKey("GPTC")) {
      assertEquals(sent, from.counters().get("GPTC") - framesBefore, "frames by the card");
    }
    assertTrue(packets < 100 || (sent > 0 && refused > 0));
  }

  private boolean drain() {
    long before = from.unsent();
    boolean result = from.drain(0);
    // Time may be over with frames in the way that nobody receives: what was refused is told all
    // the same.
    if (from.unsent() != before) {
      assertFalse(result);
      return false;
    }
    until("all to leave", () -> from.txSync() == 0 && receive() && !tx.txPending());
    return true;
  }

  /** One packet of any kind. @return false when there is no room for it */
  private boolean packet() {
    int most = from.maxFrame();
    int buffer = tx.bufSize();
    int slots = random.nextInt(3) > 0 ? 1 : 2 + random.nextInt(6);
    if (random.nextInt(20) == 0) {
      slots = Math.min(rules.mostSlots, tx.numSlots() - 2) + random.nextInt(2);
    }
    int least = from.minFrame();
    int length =
        switch (random.nextInt(6)) {
          case 0 -> least + random.nextInt(4);
          case 1 -> Math.min(most, slots * buffer) - random.nextInt(3);
          default -> least + random.nextInt(Math.min(most, slots * buffer) - least + 1);
        };
    length = Math.max(length, slots);
    boolean good = slots <= rules.mostSlots && length >= least;
    int[] lengths = split(length, slots, buffer);
    int spoil = random.nextInt(3) == 0 ? 1 + random.nextInt(4) : 0;
    int which = random.nextInt(slots);
    if (spoil == 1) {
      lengths[which] = 0;
    } else if (spoil == 2) {
      lengths[which] = buffer + 1 + random.nextInt(0xffff - buffer);
    } else if (spoil == 3) {
      Arrays.fill(lengths, slots == 1 ? random.nextInt(Math.max(least, 1)) : 1);
      good &= Arrays.stream(lengths).sum() >= least;
      spoil = 0;
    }
    if (spoil == 1 && rules.emptySlots) {
      spoil = 0;
    }
    good &= spoil == 0 && Arrays.stream(lengths).sum() <= most;
    if (slots > room()) {
      return false;
    }
    byte[] whole = write(lengths, spoil == 4 ? which : -1);
    if (good) {
      onTheWire.add(Arrays.copyOf(whole, Math.max(whole.length, rules.leastReceived)));
      sent++;
    } else {
      refused++;
      badSlots += slots;
    }
    return true;
  }

  private int room() {
    int n = tx.tail() - nextSlot[0];
    return n < 0 ? n + tx.numSlots() : n;
  }

  /** {@code length} bytes over {@code slots} parts, none empty. */
  private int[] split(int length, int slots, int buffer) {
    int[] parts = new int[slots];
    int left = length;
    for (int i = 0; i < slots; i++) {
      int after = slots - 1 - i;
      int least = Math.max(1, left - after * buffer);
      int most = Math.min(buffer, left - after);
      parts[i] = least + random.nextInt(most - least + 1);
      left -= parts[i];
    }
    return parts;
  }

  private byte[] write(int[] lengths, int badIndex) {
    byte[] whole = new byte[Arrays.stream(lengths).sum()];
    random.nextBytes(whole);
    Arrays.fill(whole, 0, Math.min(6, whole.length), (byte) 0xff);
    if (whole.length > 13) {
      whole[6] = 2;
      boolean tagged = whole.length > from.maxFrame() - 4; // a receiver allows for a tag, if any
      whole[12] = (byte) (tagged ? 0x81 : 0x88);
      whole[13] = (byte) (tagged ? 0x00 : 0xb5);
    }
    int at = 0;
    for (int i = 0; i < lengths.length; i++) {
      int slot = nextSlot[0];
      Mem.copyIn(whole, at, tx.buffer(slot), Math.min(lengths[i], tx.bufSize()));
      int flags = random.nextInt(4) == 0 ? Netmap.NS_BUF_CHANGED : 0;
      flags |= random.nextInt(6) == 0 ? Netmap.NS_REPORT : 0;
      tx.lenAndFlags(slot, lengths[i], flags | (i < lengths.length - 1 ? Netmap.NS_MOREFRAG : 0));
      if (i == badIndex) {
        spoilt.add(new int[] {slot, tx.bufIdx(slot)});
        int[] none = {0, 1, -1, from.memory().bufTotal(), Integer.MIN_VALUE, Integer.MAX_VALUE};
        tx.bufIdx(slot, none[random.nextInt(none.length)]);
      }
      at += lengths[i];
      nextSlot[0] = tx.next(slot);
    }
    return whole;
  }

  /** Buffers whose indices were spoilt are the slots' again. */
  private void restore() {
    for (int[] s : spoilt) {
      tx.bufIdx(s[0], s[1]);
    }
    spoilt.clear();
  }

  /**
   * A packet without its end: keeps the batch back and is taken back, or goes ahead of its end.
   *
   * @return true when the batch has been sent
   */
  private boolean unfinished(boolean bad) {
    int slot = nextSlot[0];
    if (room() == 0) {
      return false;
    }
    long unsent = from.unsent();
    Mem.set(tx.buffer(slot), 60, (byte) 0xff);
    tx.lenAndFlags(slot, 60, Netmap.NS_MOREFRAG);
    tx.advance(tx.next(slot));
    if (rules.unfinished == Unfinished.IS_DROPPED) {
      refused++;
      badSlots++;
      assertEquals(Libc.EINVAL, from.txSync());
      nextSlot[0] = tx.next(slot);
      return true;
    }
    boolean taken = rules.unfinished == Unfinished.IS_TAKEN;
    if (taken) {
      assertEquals(bad ? Libc.EINVAL : 0, from.txSync());
      until("room for the packet's end", () -> receive() && from.txSync() == 0 && !tx.isEmpty());
      slot = tx.head();
    } else {
      assertEquals(Libc.EINVAL, from.txSync());
      assertEquals(unsent, from.unsent(), "an unfinished packet is not refused");
    }
    tx.lenAndFlags(slot, 60, 0);
    Mem.set(tx.buffer(slot), 60, (byte) 0xff);
    byte[] whole = new byte[taken ? 120 : 60];
    Arrays.fill(whole, (byte) 0xff);
    onTheWire.add(whole);
    sent++;
    nextSlot[0] = tx.next(slot);
    return taken;
  }

  /** Takes what has arrived, and compares. @return true */
  private boolean receive() {
    assertEquals(0, to.rxSync());
    while (hasPacket()) {
      byte[] got = PortContract.take(rx);
      assertFalse(onTheWire.isEmpty(), () -> "a frame that nobody sent, " + got.length + " bytes");
      assertArrayEquals(onTheWire.remove(), got, "frame before " + onTheWire.size() + " others");
    }
    return true;
  }

  /** A whole one: the driver publishes whole packets only. */
  private boolean hasPacket() {
    return !rx.isEmpty();
  }

  private void until(String what, BooleanSupplier done) {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (!done.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, () -> "waited 20 s for " + what);
      run.run();
    }
  }
}
