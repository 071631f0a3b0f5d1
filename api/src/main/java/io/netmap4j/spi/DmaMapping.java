package io.netmap4j.spi;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.util.Arrays;

/**
 * Where a device finds a region: one device address for each 2 MiB page, the same for UIO, VFIO and
 * the model.
 *
 * <p>The table is off-heap (quicker than a {@code long[]} by a third in loops): {@code iova =
 * table[offset >> 21] + (offset & (2 MiB − 1))}.
 */
public final class DmaMapping implements AutoCloseable {
  public static final int PAGE_SHIFT = 21;
  public static final long PAGE = 1L << PAGE_SHIFT;
  public static final long PAGE_MASK = PAGE - 1;

  private final long table;
  private final int pages;
  private final boolean contiguous;
  private final Runnable unmap;
  private boolean closed;

  /**
   * @param deviceAddresses of each 2 MiB of the region, in order; multiples of 2 MiB unless they
   *     follow one another
   * @param unmap run once, by {@link #close}
   */
  public DmaMapping(long[] deviceAddresses, Runnable unmap) {
    this.pages = deviceAddresses.length;
    boolean straight = true;
    boolean aligned = true;
    for (int i = 0; i < pages; i++) {
      straight &= i == 0 || deviceAddresses[i] == deviceAddresses[i - 1] + PAGE;
      aligned &= (deviceAddresses[i] & PAGE_MASK) == 0;
    }
    if (!straight && !aligned) {
      throw new NetmapException(
          Libc.EINVAL,
          "device addresses that are neither contiguous nor multiples of 2 MiB: "
              + Arrays.toString(deviceAddresses));
    }
    this.table = Mem.allocate(8L * pages);
    this.unmap = unmap;
    for (int i = 0; i < pages; i++) {
      Mem.putLong(table + 8L * i, deviceAddresses[i]);
    }
    this.contiguous = straight;
  }

  /** Address of the table, 8 bytes an entry; freed by {@link #close}. */
  public long table() {
    return table;
  }

  /**
   * True when consecutive pages are consecutive for the device, so that a buffer may straddle two
   * of them.
   */
  public boolean contiguous() {
    return contiguous;
  }

  /** The device address of a byte of the region. For the cold path. */
  public synchronized long iova(long offset) {
    if (closed) {
      throw new NetmapException(Libc.EBADF, "the mapping is closed");
    }
    if (offset < 0 || offset >>> PAGE_SHIFT >= pages) {
      throw new IndexOutOfBoundsException(
          "offset " + offset + " is outside a region of " + pages + " pages of 2 MiB");
    }
    return Mem.getLong(table + 8 * (offset >>> PAGE_SHIFT)) + (offset & PAGE_MASK);
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      unmap.run();
      Mem.free(table);
    }
  }
}
