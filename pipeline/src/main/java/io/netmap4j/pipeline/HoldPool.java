package io.netmap4j.pipeline;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.linux.Mem;
import org.jspecify.annotations.Nullable;

/**
 * The extra buffers of a worker's port, and the packets that stages hold in them. To hold a packet
 * is to exchange its buffers for as many of these. For the worker's thread.
 */
final class HoldPool {
  private static final int NONE = -1;

  /** Number of the port. */
  final int input;

  private final NetmapPort owner;
  private final NetmapMemory memory;

  // By entry: a buffer, and what is in it.
  private final int[] buffers;
  private final int[] lengths;
  private final int[] offsets;
  private final boolean[] more;

  /** The next entry of the same packet, or the next free one. */
  private final int[] next;

  private int firstFree = NONE;
  private int free;

  private final Held[] all;

  /** Objects that are not in use, linked. */
  private @Nullable Held spare;

  /** Takes the extra buffers of {@code owner}. */
  HoldPool(int input, NetmapPort owner) {
    this.input = input;
    this.owner = owner;
    this.memory = owner.memory();
    int count = owner.extraBuffers();
    this.buffers = new int[count];
    this.lengths = new int[count];
    this.offsets = new int[count];
    this.more = new boolean[count];
    this.next = new int[count];
    this.all = new Held[count];
    int buffer = owner.nifp().bufsHead();
    for (int entry = 0; entry < count; entry++) {
      buffers[entry] = buffer;
      buffer = memory.nextExtraBuffer(buffer);
      putEntry(entry);
      all[entry] = new Held(this);
      all[entry].next = spare;
      spare = all[entry];
    }
    owner.nifp().bufsHead(0);
  }

  /** Puts the buffers back, before the port is closed. */
  void giveBack() {
    for (int buffer : buffers) {
      memory.nextExtraBuffer(buffer, owner.nifp().bufsHead());
      owner.nifp().bufsHead(buffer);
    }
  }

  private void putEntry(int entry) {
    next[entry] = firstFree;
    firstFree = entry;
    free++;
  }

  int free() {
    return free;
  }

  /** How many packets the stage holds. */
  int heldBy(int stage) {
    int count = 0;
    for (Held held : all) {
      count += held.state == Held.State.HELD && held.stage == stage ? 1 : 0;
    }
    return count;
  }

  /** For a packet of so many slots; null when there is no room for it. */
  @Nullable Held take(int slots) {
    Held held = spare;
    if (slots > free || held == null) {
      return null;
    }
    spare = held.next;
    held.next = null;
    held.state = Held.State.ASKED;
    held.slots = slots;
    held.first = NONE;
    free -= slots;
    return held;
  }

  /** Exchanges the packet's buffers for those of the pool. */
  void fill(Held held, NetmapRing ring, int slot) {
    int last = NONE;
    for (int k = 0; k < held.slots; k++, slot = ring.next(slot)) {
      int entry = firstFree;
      firstFree = next[entry];
      int buffer = ring.bufIdx(slot);
      offsets[entry] = ring.offset(slot);
      lengths[entry] = Math.min(ring.len(slot), ring.bufSize() - offsets[entry]);
      more[entry] = k < held.slots - 1;
      ring.bufIdx(slot, buffers[entry]);
      ring.slotFlags(slot, Netmap.NS_BUF_CHANGED);
      buffers[entry] = buffer;
      next[entry] = NONE;
      if (last == NONE) {
        held.first = entry;
      } else {
        next[last] = entry;
      }
      last = entry;
    }
    held.state = Held.State.HELD;
  }

  /** Takes a packet back, wherever it is. */
  void release(Held held) {
    if (held.first == NONE) {
      free += held.slots; // asked for, and not filled
    }
    for (int entry = held.first; entry != NONE; ) {
      int following = next[entry];
      putEntry(entry);
      entry = following;
    }
    held.state = Held.State.FREE;
    held.next = spare;
    spare = held;
  }

  long address(int entry) {
    return memory.bufAddress(buffers[entry]) + offsets[entry];
  }

  int length(int entry) {
    return lengths[entry];
  }

  void length(int entry, int bytes) {
    lengths[entry] = bytes;
  }

  /** Bytes that fit into an entry's buffer. */
  int room(int entry) {
    return memory.bufSize() - offsets[entry];
  }

  long bytes(Held held) {
    long bytes = 0;
    for (int entry = held.first; entry != NONE; entry = next[entry]) {
      bytes += lengths[entry];
    }
    return bytes;
  }

  /** True when the packet's buffers can be slots of the ring. */
  boolean exchangeable(Held held, NetmapRing tx, NetmapMemory other) {
    boolean fits = memory.address() == other.address();
    for (int entry = held.first; entry != NONE; entry = next[entry]) {
      fits &= offsets[entry] <= tx.maxOffset();
    }
    return fits;
  }

  /** How many slots of the ring the packet takes when it is copied. */
  int slotsOfCopy(Held held, NetmapRing tx) {
    long size = tx.bufSize();
    return (int) Math.max(1, (bytes(held) + size - 1) / size);
  }

  /** Exchanges its buffers for those of free slots. @return the slot behind them */
  int exchange(Held held, NetmapRing tx, int to) {
    for (int entry = held.first; entry != NONE; entry = next[entry], to = tx.next(to)) {
      if (tx.offsetMask() != 0) {
        tx.offset(to, offsets[entry]);
      }
      int buffer = tx.bufIdx(to);
      tx.bufIdx(to, buffers[entry]);
      buffers[entry] = buffer;
      int flags = Netmap.NS_BUF_CHANGED | (more[entry] ? Netmap.NS_MOREFRAG : 0);
      tx.lenAndFlags(to, lengths[entry], flags);
    }
    return to;
  }

  /** Copies it into free slots, filling each from its start. @return the slot behind them */
  int copy(Held held, NetmapRing tx, int to) {
    int changed = tx.offsetMask() == 0 ? 0 : Netmap.NS_BUF_CHANGED;
    int filled = 0;
    tx.offset(to, 0);
    for (int entry = held.first; entry != NONE; entry = next[entry]) {
      int part;
      for (int at = 0; at < lengths[entry]; at += part) {
        if (filled == tx.bufSize()) {
          tx.lenAndFlags(to, filled, Netmap.NS_MOREFRAG | changed);
          to = tx.next(to);
          tx.offset(to, 0);
          filled = 0;
        }
        part = Math.min(lengths[entry] - at, tx.bufSize() - filled);
        Mem.copy(address(entry) + at, tx.buffer(to) + filled, part);
        filled += part;
      }
    }
    tx.lenAndFlags(to, filled, changed);
    return tx.next(to);
  }
}
