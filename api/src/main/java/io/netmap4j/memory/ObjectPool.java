package io.netmap4j.memory;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import java.util.BitSet;

/**
 * Objects of one size in a region, and a bitmap of those in use. The lowest free object is handed
 * out first. Thread safe.
 */
final class ObjectPool {
  final int objectSize;
  final long start;
  private final String what;
  private final String countOption;
  private final String sizeOption;
  private final int count;
  private final BitSet withheld;
  private final BitSet used;

  /**
   * @param what an object's name, for messages
   * @param options the configuration's prefix for {@code -num} and {@code -size}
   * @param start offset of the first object in the region
   * @param withheld objects that are never handed out
   */
  ObjectPool(String what, String options, long start, int count, int objectSize, BitSet withheld) {
    this.what = what;
    this.countOption = options + "-num";
    this.sizeOption = options + "-size";
    this.start = start;
    this.count = count;
    this.objectSize = objectSize;
    this.withheld = withheld;
    this.used = new BitSet(count);
    reset();
  }

  /** Frees every object. */
  synchronized void reset() {
    used.clear();
    used.or(withheld);
  }

  /** Offset of the first byte behind the pool, aligned. */
  long end(long align) {
    return (start + (long) count * objectSize + align - 1) / align * align;
  }

  long offset(long index) {
    return start + index * objectSize;
  }

  /** True for an index that may be handed out. */
  boolean contains(int index) {
    return index >= 0 && index < count && !withheld.get(index);
  }

  synchronized int free() {
    return count - used.cardinality();
  }

  /**
   * Takes one object that holds {@code bytes}.
   *
   * @return its offset in the region
   */
  long takeObject(int bytes) {
    if (bytes < 0) {
      throw new NetmapException(Libc.EINVAL, "invalid size of a " + what + ": " + bytes);
    }
    if (bytes > objectSize) {
      throw new NetmapException(
          Libc.ENOMEM,
          "a "
              + what
              + " of "
              + bytes
              + " bytes is needed, "
              + objectSize
              + " are available: set "
              + sizeOption
              + " = "
              + bytes);
    }
    return offset(take(1)[0]);
  }

  /** Frees the object at an offset. */
  synchronized void freeObject(long offset) {
    long index = Math.floorDiv(offset - start, objectSize);
    if (index < 0 || index >= count || offset(index) != offset || !used.get((int) index)) {
      throw new NetmapException(
          Libc.EINVAL,
          "no "
              + what
              + " at offset "
              + offset
              + " is in use: they are "
              + objectSize
              + " bytes each, from "
              + start
              + " on, at most "
              + count);
    }
    used.clear((int) index);
  }

  /** Takes {@code n} objects, all or none. */
  synchronized int[] take(int n) {
    if (n < 0) {
      throw new NetmapException(Libc.EINVAL, "invalid number of " + what + "s: " + n);
    }
    if (n > free()) {
      throw new NetmapException(
          Libc.ENOMEM,
          n
              + " "
              + what
              + "s are needed, "
              + free()
              + " of "
              + count
              + " are available: close ports or raise "
              + countOption);
    }
    int[] taken = new int[n];
    int next = -1;
    for (int i = 0; i < n; i++) {
      next = used.nextClearBit(next + 1);
      used.set(next);
      taken[i] = next;
    }
    return taken;
  }

  synchronized int[] takeUpTo(int n) {
    return take(Math.min(n, free()));
  }

  /** Frees one object. @return false when it is not in use or never handed out */
  synchronized boolean giveBack(int index) {
    boolean taken = contains(index) && used.get(index);
    if (taken) {
      used.clear(index);
    }
    return taken;
  }
}
