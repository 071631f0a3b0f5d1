package io.netmap4j.compat.vswitch;

import static io.netmap4j.Netmap.NS_BUF_CHANGED;
import static io.netmap4j.Netmap.NS_MOREFRAG;
import static io.netmap4j.layout.RingLayout.SLOT_FLAGS;
import static io.netmap4j.layout.RingLayout.SLOT_SIZE;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.Sleepers;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The switch's side of an RX ring. Senders take turns to fill it, under a lock that each takes once
 * for what it has for this ring in a batch; the receiver takes none: it reads the tail that they
 * publish, and publishes which slots it has given back.
 *
 * <pre>
 *   freed .... the receiver's .... tail .... free for senders .... freed - 1
 * </pre>
 *
 * Buffer indices are taken from the slots once, when the receiver gives them back, so what it
 * writes into them later makes nobody write elsewhere.
 */
final class ValeRxRing {
  private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(int[].class);
  private static final VarHandle LOCK;

  // In words: far from each other and from other objects, as different threads write them.
  private static final int TAIL = 32;
  private static final int FREED = 64;
  private static final int WORDS = 96;

  /** How often a sender looks at the lock before it leaves the processor to its holder. */
  private static final int LOOKS = 64;

  static {
    try {
      LOCK = MethodHandles.lookup().findVarHandle(ValeRxRing.class, "locked", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final Sleepers sleepers = new Sleepers();

  /** Frames that had no room here. Written under the lock. */
  long drops;

  /** Frames that were longer than the room in a buffer here. Written under the lock. */
  long oversized;

  /** Frames that asked a port without their header for a checksum. Written under the lock. */
  long offloads;

  /** Frames that were delivered. Written under the lock. */
  long frames;

  private final Kring kring;
  private final long slots;
  private final int numSlots;
  private final long buffers;
  private final int bufSize;
  private final int bufTotal;
  private final int[] shared = new int[WORDS];

  /** The buffer of each slot that senders may fill. */
  private final int[] buffer;

  private boolean closed;

  @SuppressWarnings("unused") // through LOCK
  private int locked;

  ValeRxRing(Kring kring) {
    Region region = kring.region;
    this.kring = kring;
    this.slots = kring.slots;
    this.numSlots = kring.numSlots;
    this.buffers = region.address() + region.bufOffset();
    this.bufSize = region.bufSize();
    this.bufTotal = region.bufTotal();
    this.buffer = new int[numSlots];
    for (int i = 0; i < numSlots; i++) {
      buffer[i] = Mem.getInt(kring.slot(i));
    }
  }

  /** The receiver's sync: what has come, then what it gives back. */
  int sync(Kring k) {
    k.hwTail = (int) WORD.getAcquire(shared, TAIL);
    int slot = k.hwCur;
    int head = k.rHead;
    int status = 0;
    while (slot != head) {
      long address = slots + (long) slot * SLOT_SIZE;
      long word = Mem.getLong(address);
      int index = (int) word;
      if (Integer.compareUnsigned(index - Region.FIRST_BUFFER, bufTotal - Region.FIRST_BUFFER)
          >= 0) {
        k.badSlots++;
        status = Libc.EINVAL;
        break;
      }
      if ((word >>> 48 & NS_BUF_CHANGED) != 0) {
        Mem.putShort(address + SLOT_FLAGS, (short) (word >>> 48 & ~NS_BUF_CHANGED));
      }
      buffer[slot] = index;
      slot = slot + 1 == numSlots ? 0 : slot + 1;
    }
    if (slot != k.hwCur) {
      k.hwCur = slot;
      WORD.setRelease(shared, FREED, slot);
    }
    return status;
  }

  @SuppressWarnings("ThreadPriorityCheck") // the holder may need this processor
  private void lock() {
    for (int looks = 0; !LOCK.weakCompareAndSetAcquire(this, 0, 1); looks++) {
      if (looks < LOOKS) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  private void unlock() {
    LOCK.setRelease(this, 0);
  }

  /** Does something while no sender is in the ring. */
  void locked(Runnable what) {
    lock();
    try {
      what.run();
    } finally {
      unlock();
    }
  }

  /** Nothing is written to the ring's memory any more, by anybody. */
  void close() {
    locked(() -> closed = true);
  }

  /**
   * Copies frames of a batch here: those of two lists, in the order of the batch. When one has no
   * room, it and those behind it are dropped, as in netmap.
   *
   * @param own first frame of those for this ring alone
   * @param all first frame of those for every port
   * @param header bytes of the virtio-net header that this port's frames begin with
   */
  void deliver(Batch batch, int own, int all, int header) {
    lock();
    try {
      if (closed) {
        return;
      }
      int tail = shared[TAIL];
      int end =
          header == batch.header
              ? fill(batch, own, all, tail)
              : fillChanged(batch, own, all, tail, header);
      if (end == tail) {
        return;
      }
      WORD.setRelease(shared, TAIL, end);
    } finally {
      unlock();
    }
    sleepers.wake();
  }

  private int fill(Batch batch, int first, int firstOfAll, int tail) {
    final long[] from = batch.from;
    final int[] sizes = batch.sizes;
    final int[] next = batch.next;
    final boolean plain = kring.offsetMask == 0;
    int own = first;
    int all = firstOfAll;
    int slot = tail;
    int space = (int) WORD.getAcquire(shared, FREED) - tail - 1;
    space = space < 0 ? space + numSlots : space;
    long count = 0;
    while (own != all) { // both are NONE at the end
      int i = Math.min(own, all);
      int size = sizes[i];
      int fragments = size >>> 16;
      if (fragments > space) {
        drop(next, own, all);
        break;
      }
      if (i == own) {
        own = next[i];
      } else {
        all = next[i];
      }
      if (fragments == 1 && plain) {
        int length = size & 0xffff;
        if (length > bufSize) {
          oversized++;
          continue;
        }
        int index = buffer[slot];
        Copy.copy(from[i], buffers + (long) index * bufSize, length);
        Mem.putLong(
            slots + (long) slot * SLOT_SIZE, index | (long) length << 32 | 1L << 56); // RFRAGS 1
        slot = slot + 1 == numSlots ? 0 : slot + 1;
        space--;
        count++;
      } else if (fits(sizes, i, fragments, slot)) {
        slot = several(from, sizes, i, fragments, slot);
        space -= fragments;
        count++;
      } else {
        oversized++;
      }
    }
    frames += count;
    return slot;
  }

  private void drop(int[] next, int own, int all) {
    int dropped = 0;
    for (int i = own; i != Batch.NONE; i = next[i]) {
      dropped++;
    }
    for (int i = all; i != Batch.NONE; i = next[i]) {
      dropped++;
    }
    drops += dropped;
  }

  /** Whether each fragment has room in the buffer that it would come to. */
  private boolean fits(int[] sizes, int first, int fragments, int slot) {
    int to = slot;
    for (int i = first; i < first + fragments; i++) {
      if ((sizes[i] & 0xffff) > bufSize - kring.offset(kring.slot(to))) {
        return false;
      }
      to = kring.next(to);
    }
    return true;
  }

  private int several(long[] from, int[] sizes, int first, int fragments, int slot) {
    int to = slot;
    for (int i = first; i < first + fragments; i++) {
      int length = sizes[i] & 0xffff;
      int index = buffer[to];
      long address = kring.slot(to);
      // The receiver may change the offset meanwhile: this one is within the buffer.
      int offset = Math.min(kring.offset(address), bufSize - length);
      Mem.copy(from[i], buffers + (long) index * bufSize + offset, length);
      long flags = fragments << 8 | (i < first + fragments - 1 ? NS_MOREFRAG : 0);
      Mem.putLong(address, index | (long) length << 32 | flags << 48);
      to = kring.next(to);
    }
    return to;
  }

  /** As {@link #fill}, for frames that get another virtio-net header in front of them. */
  private int fillChanged(Batch batch, int first, int firstOfAll, int tail, int header) {
    int own = first;
    int all = firstOfAll;
    int slot = tail;
    int space = (int) WORD.getAcquire(shared, FREED) - tail - 1;
    space = space < 0 ? space + numSlots : space;
    int most = most();
    while (own != all) {
      int i = Math.min(own, all);
      int bytes = header - batch.header;
      for (int f = i; f < i + (batch.sizes[i] >>> 16); f++) {
        bytes += batch.sizes[f] & 0xffff;
      }
      int fragments = (bytes + most - 1) / most;
      if (fragments > space) {
        drop(batch.next, own, all);
        break;
      }
      if (i == own) {
        own = batch.next[i];
      } else {
        all = batch.next[i];
      }
      // flags and gso_type: what asks for a checksum or for segmentation
      if (batch.header > 0 && (byteAt(batch, i, 0) & 1 | byteAt(batch, i, 1)) != 0) {
        offloads++;
      } else if (fragments > 255) {
        oversized++;
      } else {
        slot = changed(batch, i, bytes, fragments, slot, header);
        space -= fragments;
        frames++;
      }
    }
    return slot;
  }

  /** A byte of a frame, over its fragments. */
  private static byte byteAt(Batch batch, int first, int at) {
    int i = first;
    int left = at;
    while (left >= (batch.sizes[i] & 0xffff)) {
      left -= batch.sizes[i++] & 0xffff;
    }
    return Mem.getByte(batch.from[i] + left);
  }

  /** Bytes that a slot here takes: slot.len has 16 bits. */
  private int most() {
    return Math.min(kring.rxBytes, 0xffff);
  }

  private int changed(Batch batch, int first, int total, int fragments, int slot, int header) {
    int to = slot;
    int i = first;
    int at = batch.header; // in fragment i
    int zeros = header;
    int left = total;
    for (int n = 1; n <= fragments; n++) {
      int length = Math.min(left, most());
      int index = buffer[to];
      long address = kring.slot(to);
      long target =
          buffers + (long) index * bufSize + Math.min(kring.offset(address), bufSize - length);
      int filled = Math.min(zeros, length);
      Mem.set(target, filled, (byte) 0);
      zeros -= filled;
      while (filled < length) {
        while (at >= (batch.sizes[i] & 0xffff)) {
          at -= batch.sizes[i++] & 0xffff;
        }
        int bytes = Math.min(length - filled, (batch.sizes[i] & 0xffff) - at);
        Mem.copy(batch.from[i] + at, target + filled, bytes);
        filled += bytes;
        at += bytes;
      }
      long flags = fragments << 8 | (n < fragments ? NS_MOREFRAG : 0);
      Mem.putLong(address, index | (long) length << 32 | flags << 48);
      left -= length;
      to = kring.next(to);
    }
    return to;
  }
}
