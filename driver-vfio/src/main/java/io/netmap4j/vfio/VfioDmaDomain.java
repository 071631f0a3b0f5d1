package io.netmap4j.vfio;

import io.netmap4j.NetmapMemory;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.DmaDomain;
import io.netmap4j.spi.DmaMapping;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * The device addresses of one VFIO container or one vfio-user server: handed out from 4 GiB
 * upwards, apart from each other, so that an access past an end meets nothing. Thread safe.
 */
final class VfioDmaDomain implements DmaDomain {
  private static final long FIRST_IOVA = 4L << 30;

  private final Vfio vfio;
  private final Map<NetmapMemory, Mapped> regions = new IdentityHashMap<>();
  private long next = FIRST_IOVA;

  private static final class Mapped {
    final long iova;
    int users;

    Mapped(long iova) {
      this.iova = iova;
    }
  }

  VfioDmaDomain(Vfio vfio) {
    this.vfio = vfio;
  }

  @Override
  public synchronized DmaMapping map(NetmapMemory region) {
    Mapped mapped = regions.get(region);
    if (mapped == null) {
      mapped = new Mapped(reserve(region.size()));
      vfio.mapDma(mapped.iova, region.size(), region.address(), region.fd(), 0);
      regions.put(region, mapped);
    }
    mapped.users++;
    long[] pages = new long[(int) (region.size() >> DmaMapping.PAGE_SHIFT)];
    for (int i = 0; i < pages.length; i++) {
      pages[i] = mapped.iova + i * DmaMapping.PAGE;
    }
    return new DmaMapping(pages, () -> unmap(region));
  }

  private synchronized void unmap(NetmapMemory region) {
    Mapped mapped = regions.get(region);
    if (--mapped.users == 0) {
      regions.remove(region);
      vfio.unmapDma(mapped.iova, region.size());
    }
  }

  private synchronized long reserve(long bytes) {
    long iova = next;
    next += (bytes + 2 * DmaMapping.PAGE - 1) & -DmaMapping.PAGE;
    return iova;
  }

  /** Zeroed memory of its own for the device, at device address {@link Private#iova}. */
  Private allocate(long bytes) {
    long size = (bytes + 4095) & -4096;
    int fd = Libc.memfd("netmap4j-descriptors");
    try {
      Libc.truncate(fd, size, "free some memory");
      long address =
          Libc.mmap(
              size, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, 0, "free some memory");
      long iova = reserve(size);
      try {
        vfio.mapDma(iova, size, address, fd, 0);
      } catch (RuntimeException e) {
        Libc.unmap(address, size);
        throw e;
      }
      return new Private(address, iova, size);
    } finally {
      Libc.closeFd(fd);
    }
  }

  /**
   * Gives it back. Pages that the other side does not let go of are its own from then on: nobody
   * else ever gets them.
   */
  void free(Private memory) {
    try {
      vfio.unmapDma(memory.iova, memory.size);
    } finally {
      Libc.unmap(memory.address, memory.size);
    }
  }

  record Private(long address, long iova, long size) {}
}
