package io.netmap4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/**
 * Everything that a program can write into a ring and its slots and should not, against netmap's
 * outcome, and what this project adds to it (docs/netmap-abi.md 5.4): a bad packet does not go out,
 * the others do. Buffers that no ring has, and the reserved ones, are watched meanwhile. Ring 0 of
 * each port is used.
 */
final class BadInput {
  private static final int WATCHED = 64;
  private static final int LEAST = 60;

  private final NetmapPort from;
  private final NetmapPort to;
  private final NetmapRing tx;
  private final NetmapRing rx;
  private final Runnable run;
  private final MixedSlots.Rules rules;
  private final int steering;

  /**
   * @param run lets some of what is under way move on
   * @param steering flags of a slot that may send its packet elsewhere
   */
  BadInput(NetmapPort from, NetmapPort to, Runnable run, MixedSlots.Rules rules, int steering) {
    this.steering = steering;
    this.from = from;
    this.to = to;
    this.tx = from.tx(0);
    this.rx = to.rx(0);
    this.run = run;
    this.rules = rules;
  }

  /** Does something and sees that nothing was written to a buffer that is nobody's. */
  private void watched(Runnable work) {
    byte[][] fromBefore = watch(from.memory());
    byte[][] toBefore = watch(to.memory());
    work.run();
    assertUnchanged(from.memory(), fromBefore);
    assertUnchanged(to.memory(), toBefore);
  }

  /**
   * The reserved buffers, and the last ones: those with the lowest indices are handed out first.
   */
  private static int[] indices(NetmapMemory memory) {
    assertTrue(memory.freeBuffers() > WATCHED);
    int[] watched = new int[2 + WATCHED];
    watched[1] = 1;
    for (int i = 0; i < WATCHED; i++) {
      watched[2 + i] = memory.bufTotal() - WATCHED + i;
    }
    return watched;
  }

  private static byte[][] watch(NetmapMemory memory) {
    int[] indices = indices(memory);
    byte[][] contents = new byte[indices.length][memory.bufSize()];
    for (int i = 0; i < indices.length; i++) {
      long at = memory.bufAddress(indices[i]);
      if (i >= 2) {
        Mem.set(at, memory.bufSize(), (byte) 0xa5);
      }
      Mem.copyOut(at, contents[i], 0, contents[i].length);
    }
    return contents;
  }

  private static void assertUnchanged(NetmapMemory memory, byte[][] before) {
    int[] indices = indices(memory);
    byte[] now = new byte[memory.bufSize()];
    for (int i = 0; i < indices.length; i++) {
      Mem.copyOut(memory.bufAddress(indices[i]), now, 0, now.length);
      assertArrayEquals(before[i], now, "buffer " + indices[i] + " was written");
    }
  }

  /**
   * Sets head and cur to each pair of positions at the edges of what is legal, and beyond, at both
   * ports; three packets are there to be read at the receiver.
   */
  void indices() {
    until("an idle ring", () -> from.txSync() == 0 && !tx.txPending());
    watched(() -> positions(tx, from::txSync));
    for (int i = 0; i < 3; i++) {
      send(PortContract.frame(i, LEAST));
    }
    until("three packets", () -> to.rxSync() == 0 && rx.space() == 3);
    watched(() -> positions(rx, to::rxSync));
    for (int i = 0; i < 3; i++) {
      assertArrayEquals(PortContract.frame(i, LEAST), PortContract.take(rx), "packet " + i);
    }
    assertEquals(0, to.rxSync());
    assertTrue(rx.isEmpty(), "nothing was sent");
    exchange(PortContract.frame(9, LEAST));
  }

  private static void positions(NetmapRing ring, IntSupplier sync) {
    int n = ring.numSlots();
    int start = ring.head();
    int tail = ring.tail();
    int[] edges = {
      0,
      1,
      start - 1,
      start,
      start + 1,
      tail - 1,
      tail,
      tail + 1,
      n - 1,
      n,
      n + 1,
      -1,
      0xffff,
      Integer.MIN_VALUE,
      Integer.MAX_VALUE
    };
    for (int head : edges) {
      for (int cur : edges) {
        boolean inRange = head >= 0 && head < n && cur >= 0 && cur < n;
        int toHead = Math.floorMod(head - start, n);
        int toCur = Math.floorMod(cur - start, n);
        boolean legal = inRange && toHead <= toCur && toCur <= Math.floorMod(tail - start, n);
        if (legal && head != start) {
          continue; // slots would change hands
        }
        String what = "head " + head + " cur " + cur + " in " + start + " to " + tail;
        ring.cur(cur);
        ring.head(head);
        assertEquals(legal ? 0 : Libc.EINVAL, sync.getAsInt(), what);
        assertTrue(ring.head() >= 0 && ring.head() < n && ring.cur() >= 0 && ring.cur() < n, what);
        assertEquals(tail, ring.tail(), what);
        ring.advance(start); // all of it is the user's again
        if (sync.getAsInt() != 0) {
          assertEquals(0, sync.getAsInt(), what + ", afterwards");
        }
        assertEquals(start, ring.head(), what);
        assertEquals(tail, ring.tail(), what);
      }
    }
  }

  /** Releases a received slot with each index that is none, and repairs it. */
  void releasedBuffers() {
    int total = to.memory().bufTotal();
    watched(
        () -> {
          for (int index : new int[] {0, 1, -1, total, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            send(PortContract.frame(1, LEAST));
            until("a packet", () -> to.rxSync() == 0 && !rx.isEmpty());
            int slot = rx.head();
            int good = rx.bufIdx(slot);
            rx.bufIdx(slot, index);
            rx.slotFlags(slot, Netmap.NS_BUF_CHANGED);
            rx.advance(rx.next(slot));
            assertEquals(Libc.EINVAL, to.rxSync(), "index " + index);
            assertEquals(0, rx.bufIdx(slot), "index " + index);
            assertEquals(0, rx.len(slot), "index " + index);
            assertEquals(Libc.EINVAL, to.rxSync(), "index " + index + " again");
            rx.bufIdx(slot, good);
            rx.slotFlags(slot, Netmap.NS_BUF_CHANGED);
            assertEquals(0, to.rxSync(), "repaired after index " + index);
          }
        });
    exchange(PortContract.frame(9, LEAST));
  }

  /** Sends each combination of index, length and flags of a slot, one packet at a time. */
  void fields() {
    int total = from.memory().bufTotal();
    int buffer = tx.bufSize();
    int[] indices = {-2, 0, 1, -1, total, Integer.MIN_VALUE}; // −2 stands for its own
    int[] lengths = {0, 13, 14, LEAST, buffer, buffer + 1, 0xffff};
    int[] flags = {
      0,
      Netmap.NS_BUF_CHANGED,
      Netmap.NS_REPORT | Netmap.NS_FORWARD,
      Netmap.NS_NO_LEARN | Netmap.NS_TXMON,
      Netmap.NS_PORT_MASK,
      0xffff & ~(Netmap.NS_MOREFRAG | Netmap.NS_INDIRECT)
    };
    watched(
        () -> {
          for (int index : indices) {
            for (int length : lengths) {
              for (int flag : flags) {
                one(index, length, flag, -1L);
              }
            }
            for (int length : lengths) {
              one(index, length, Netmap.NS_INDIRECT, -1L);
              one(index, length, Netmap.NS_INDIRECT, 8L);
            }
          }
        });
    exchange(PortContract.frame(9, LEAST));
  }

  /** As {@link #fields}, of offsets and lengths; for ports with offsets up to {@code most}. */
  void offsets(int most) {
    int buffer = tx.bufSize();
    watched(
        () -> {
          for (long ptr : new long[] {0, 1, most - 1, most, most + 1, 0xfff, -1L}) {
            int offset = (int) Math.min(ptr & tx.offsetMask(), most);
            int room = buffer - offset;
            for (int length : new int[] {LEAST, room - 1, room, room + 1, buffer, 0xffff}) {
              one(-2, length, 0, ptr);
            }
          }
        });
    exchange(PortContract.frame(9, LEAST));
  }

  private void one(int index, int length, int flags, long ptr) {
    awaitRoom();
    int slot = tx.head();
    int own = tx.bufIdx(slot);
    tx.ptr(slot, ptr);
    int room = tx.bufSize() - tx.offset(slot);
    byte[] bytes = PortContract.frame(length, Math.max(LEAST, Math.min(length, room)));
    Mem.copyIn(bytes, 0, tx.buffer(slot), bytes.length);
    tx.bufIdx(slot, index == -2 ? own : index);
    tx.lenAndFlags(slot, length, flags);
    tx.advance(tx.next(slot));
    boolean good =
        index == -2
            && length <= room
            && length >= from.minFrame()
            && length <= from.maxFrame()
            && (length > 0 || rules.emptySlots());
    long unsent = from.unsent();
    int status = from.txSync();
    String what = "index " + index + " len " + length + " flags " + flags + " ptr " + ptr;
    boolean indirect = (flags & Netmap.NS_INDIRECT) != 0;
    if (!indirect || !good) {
      assertEquals(good ? 0 : Libc.EINVAL, status, what);
    }
    assertEquals(status == 0 ? 0 : 1, from.unsent() - unsent, what);
    if (index != -2) {
      tx.bufIdx(slot, own);
    }
    if (status == 0 && (flags & steering) == 0) {
      int least = Math.max(length, rules.leastReceived());
      byte[] expected = Arrays.copyOf(Arrays.copyOf(bytes, length), least);
      assertArrayEquals(expected, receive(what), what);
    }
  }

  private void exchange(byte[] frame) {
    send(frame);
    assertArrayEquals(frame, receive("a good packet"), "afterwards");
  }

  private void send(byte[] frame) {
    awaitRoom();
    int slot = tx.head();
    tx.ptr(slot, 0);
    tx.put(slot, frame);
    tx.advance(tx.next(slot));
    assertEquals(0, from.txSync());
  }

  /** The receiver gives its slots back, too: a pipe's sender gets them from there. */
  private void awaitRoom() {
    until("room", () -> to.rxSync() == 0 && from.txSync() == 0 && tx.space() > 0);
  }

  private byte[] receive(String what) {
    until(
        what,
        () -> {
          from.txSync();
          return to.rxSync() == 0 && !rx.isEmpty();
        });
    return PortContract.take(rx);
  }

  private void until(String what, BooleanSupplier done) {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (!done.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, () -> "waited 20 s for " + what);
      run.run();
    }
  }
}
