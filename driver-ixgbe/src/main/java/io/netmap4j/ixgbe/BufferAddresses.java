package io.netmap4j.ixgbe;

import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.DmaMapping;

/**
 * The device's address of each buffer, by its index: one load in the loops that fill descriptors. 0
 * for a buffer that the device must never get, which is refused like an index out of range: the
 * reserved ones, and one that ends in another page of 2 MiB than it begins in, where pages are
 * apart for the device.
 *
 * <p>Off-heap, 8 bytes a buffer; made once for a card. No buffer is at address 0: the region begins
 * with the pools of interfaces and rings.
 */
final class BufferAddresses implements AutoCloseable {
  final long table;

  BufferAddresses(Region region, DmaMapping mapping) {
    int size = region.bufSize();
    long pages = mapping.table();
    boolean straddle = region.bufsStraddle() && !mapping.contiguous();
    this.table = Mem.allocate((long) Long.BYTES * region.bufTotal());
    for (int i = Region.FIRST_BUFFER; i < region.bufTotal(); i++) {
      long offset = region.bufOffset() + (long) i * size;
      if (!straddle || (offset & DmaMapping.PAGE_MASK) <= DmaMapping.PAGE - size) {
        long page = Mem.getLong(pages + (offset >>> DmaMapping.PAGE_SHIFT) * Long.BYTES);
        Mem.putLong(table + (long) Long.BYTES * i, page + (offset & DmaMapping.PAGE_MASK));
      }
    }
  }

  @Override
  public void close() {
    Mem.free(table);
  }
}
