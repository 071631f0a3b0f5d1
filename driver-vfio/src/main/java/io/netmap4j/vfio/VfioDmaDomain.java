package io.netmap4j.vfio;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Machine;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.DmaDomain;
import io.netmap4j.spi.DmaMapping;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The device addresses (IOVAs) of one VFIO container or one vfio-user server. They are allocated
 * from 4 GiB upwards, and below when there is no room, with a gap between mappings, so that an
 * access past the end of one faults. Thread safe.
 */
final class VfioDmaDomain implements DmaDomain {
  private static final long FIRST_IOVA = 4L << 30;

  private final VfioIommu iommu;
  private final int page;
  private final IdentityHashMap<Region, Mapped> regions = new IdentityHashMap<>();
  private final TreeMap<Long, Long> taken = new TreeMap<>();
  private long next = FIRST_IOVA;

  private static final class Mapped {
    final long iova;
    final Region.Use use;
    int users;

    Mapped(Region.Use use, long iova) {
      this.use = use;
      this.iova = iova;
    }
  }

  /** With the machine's pages. */
  VfioDmaDomain(VfioIommu iommu) {
    this(iommu, Machine.PAGE_SIZE);
  }

  /**
   * @param page bytes of a page of memory: what is mapped is made of such
   */
  VfioDmaDomain(VfioIommu iommu, int page) {
    this.iommu = iommu;
    this.page = page;
  }

  @Override
  public synchronized DmaMapping map(Region region) {
    Mapped mapped = regions.get(region);
    if (mapped == null) {
      mapped = newMapping(region);
      regions.put(region, mapped);
    }
    mapped.users++;
    long[] pages = new long[(int) (region.size() >> DmaMapping.PAGE_SHIFT)];
    for (int i = 0; i < pages.length; i++) {
      pages[i] = mapped.iova + i * DmaMapping.PAGE;
    }
    return new DmaMapping(pages, () -> unmap(region));
  }

  private Mapped newMapping(Region region) {
    Region.Use use = region.hold("VFIO devices");
    try {
      return new Mapped(use, map(region.address(), region.size(), region.fd()));
    } catch (RuntimeException e) {
      use.close();
      throw e;
    }
  }

  private synchronized void unmap(Region region) {
    Mapped mapped = regions.get(region);
    if (--mapped.users == 0) {
      regions.remove(region);
      try {
        unmap(mapped.iova, region.size(), region.address());
      } finally {
        mapped.use.close(); // if that failed, the other side still holds the pages
      }
    }
  }

  private long map(long address, long size, int fd) {
    long iova = reserve(size);
    try {
      iommu.mapDma(iova, size, address, fd, 0);
    } catch (RuntimeException e) {
      taken.remove(iova);
      throw e;
    }
    return iova;
  }

  /** When the other side fails to unmap them, the device addresses stay reserved. */
  private void unmap(long iova, long size, long address) {
    iommu.unmapDma(iova, size, address);
    taken.remove(iova);
  }

  /**
   * Reserves device addresses within one of the IOMMU's windows. Freed ones are reused as late as
   * possible.
   */
  private long reserve(long bytes) {
    long found = find(next, bytes);
    if (found < 0) {
      found = find(FIRST_IOVA, bytes);
    }
    if (found < 0) {
      found = find(DmaMapping.PAGE, bytes); // POWER's first window, or an IOMMU of 32 bits
    }
    if (found < 0) {
      throw new NetmapException(
          Libc.ENOMEM,
          String.format(
              Locale.ROOT,
              "no room for %d bytes of device addresses: the IOMMU allows %s",
              bytes,
              Arrays.toString(iommu.windows())));
    }
    taken.put(found, found + bytes);
    next = found + bytes;
    return found;
  }

  private long find(long from, long bytes) {
    for (VfioIommu.Window window : iommu.windows()) {
      long first = roundUp(Math.max(from, window.first()));
      while (first >= 0 && bytes <= window.last() - first) {
        Map.Entry<Long, Long> below = taken.lowerEntry(first + bytes + DmaMapping.PAGE);
        if (below == null || below.getValue() + DmaMapping.PAGE <= first) {
          return first;
        }
        first = roundUp(below.getValue()) + DmaMapping.PAGE;
      }
    }
    return -1;
  }

  private static long roundUp(long iova) {
    return (iova + DmaMapping.PAGE - 1) & -DmaMapping.PAGE;
  }

  /** Allocates zeroed memory, and maps it at the device address {@link Private#iova}. */
  synchronized Private allocate(long bytes) {
    long size = bytes + page - 1 & -page;
    int fd = Libc.memfd("netmap4j-descriptors");
    try {
      Libc.truncate(fd, size, "free some memory");
      long address =
          Libc.mmap(
              size, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, 0, "free some memory");
      try {
        return new Private(address, map(address, size, fd), size);
      } catch (RuntimeException e) {
        Libc.unmap(address, size);
        throw e;
      }
    } finally {
      Libc.closeFd(fd);
    }
  }

  /**
   * Unmaps and frees it. When the other side fails to unmap it, that side still holds the pages,
   * and they are never reused.
   */
  synchronized void free(Private memory) {
    try {
      unmap(memory.iova, memory.size, memory.address);
    } finally {
      Libc.unmap(memory.address, memory.size);
    }
  }

  record Private(long address, long iova, long size) {}
}
