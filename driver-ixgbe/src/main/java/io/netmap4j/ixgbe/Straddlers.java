package io.netmap4j.ixgbe;

import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.DmaMapping;

/**
 * Buffers that end in another page of 2 MiB than they begin in, where pages are apart for the
 * device: refused like an invalid buffer index. Judged by the addresses in descriptors, which no
 * user can change any more, so that the loops that write them know nothing of it.
 */
final class Straddlers {
  /** False in all usual layouts. */
  final boolean possible;

  /** The last offset in a page at which a whole buffer can begin. */
  private final long last;

  Straddlers(Region region, DmaMapping mapping) {
    this.possible = region.bufsStraddle() && !mapping.contiguous();
    this.last = possible ? DmaMapping.PAGE - region.bufSize() : DmaMapping.PAGE_MASK;
  }

  /**
   * @param offset of the buffer in the region
   */
  boolean contains(long offset) {
    return (offset & DmaMapping.PAGE_MASK) > last;
  }

  /** How many of {@code count} descriptors there are before the first of such a buffer. */
  int before(long descs, int count) {
    for (int i = 0; i < count; i++) {
      if (contains(Mem.getLong(descs + (long) i * IxgbeRing.DESC_SIZE))) {
        return i;
      }
    }
    return count;
  }
}
