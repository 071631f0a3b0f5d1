package io.netmap4j.vfio;

import static io.netmap4j.vfio.VfioAbi.*;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import java.util.Locale;

/**
 * The IOMMU of POWER, SPAPR TCE of version 2 (Documentation/driver-api/vfio.rst;
 * drivers/vfio/vfio_iommu_spapr_tce.c). Memory is registered, which pins and counts it, before it
 * is mapped, and unregistered after it is unmapped. Device addresses lie within a window, a table
 * of pages of one size, which the host makes; in the beginning there is one of 2 GiB or less in
 * pages of 4 KiB. Like DPDK (vfio_spapr_create_dma_window) we make a larger one in its place.
 */
final class SpaprIommu extends KernelIommu {
  /** Entries of the window's table, 8 bytes each, which the host counts as locked memory too. */
  private static final long ENTRIES = 1L << 20;

  /** The window is at least so large, whatever its pages. */
  private static final long LEAST = 16L << 30;

  private final int page;
  private Window window;

  SpaprIommu(VfioKernel kernel, int fd, int page) {
    super(kernel, fd);
    this.page = page;
  }

  /** The window is made for the first group; the kernel gives it to those that join later. */
  @Override
  void groupJoined() {
    if (window == null) {
      window = makeWindow();
    }
  }

  private Window makeWindow() {
    long info = Mem.allocate(SPAPR_INFO);
    try {
      Mem.putInt(info, SPAPR_INFO);
      kernel.ioctl(fd, IOMMU_SPAPR_TCE_GET_INFO, info, "VFIO_IOMMU_SPAPR_TCE_GET_INFO", "");
      long start = Mem.getUnsignedInt(info + SPAPR_INFO_DMA32_START);
      if ((Mem.getInt(info + SPAPR_INFO_FLAGS) & IOMMU_SPAPR_INFO_DDW) == 0) {
        long size = Mem.getUnsignedInt(info + SPAPR_INFO_DMA32_SIZE);
        return new Window(start, start + size - 1); // the host makes no others
      }
      // A window's pages may not be larger than those behind the memory, which are ours at least.
      long sizes = Mem.getLong(info + SPAPR_INFO_PGSIZES) & (page | page - 1L);
      if (sizes == 0) {
        throw new NetmapException(
            Libc.EOPNOTSUPP,
            String.format(
                Locale.ROOT,
                "the IOMMU maps pages of 0x%x, none of which is as small as the machine's, 0x%x",
                Mem.getLong(info + SPAPR_INFO_PGSIZES),
                page));
      }
      remove(start);
      return create(
          Long.numberOfTrailingZeros(Long.highestOneBit(sizes)),
          Mem.getInt(info + SPAPR_INFO_LEVELS));
    } finally {
      Mem.free(info);
    }
  }

  private void remove(long start) {
    long remove = Mem.allocate(TCE_REMOVE);
    try {
      Mem.putInt(remove, TCE_REMOVE);
      Mem.putLong(remove + TCE_REMOVE_START_ADDR, start);
      kernel.ioctl(fd, IOMMU_SPAPR_TCE_REMOVE, remove, "VFIO_IOMMU_SPAPR_TCE_REMOVE", "");
    } finally {
      Mem.free(remove);
    }
  }

  /**
   * A table of one level is one piece of the host's memory; with more levels the pieces are
   * smaller.
   */
  private Window create(int pageShift, int mostLevels) {
    long size = Math.max(ENTRIES << pageShift, LEAST);
    long create = Mem.allocate(TCE_CREATE);
    try {
      for (int levels = 1; ; levels++) {
        Mem.set(create, TCE_CREATE, (byte) 0);
        Mem.putInt(create, TCE_CREATE);
        Mem.putInt(create + TCE_CREATE_PAGE_SHIFT, pageShift);
        Mem.putLong(create + TCE_CREATE_WINDOW_SIZE, size);
        Mem.putInt(create + TCE_CREATE_LEVELS, levels);
        try {
          kernel.ioctl(
              fd,
              IOMMU_SPAPR_TCE_CREATE,
              create,
              String.format(
                  Locale.ROOT,
                  "VFIO_IOMMU_SPAPR_TCE_CREATE of %d MiB in pages of %d KiB, %d levels",
                  size >> 20,
                  1 << pageShift - 10,
                  levels),
              LOCKED);
        } catch (LinuxException e) {
          if (levels < mostLevels) {
            continue;
          }
          throw e;
        }
        long start = Mem.getLong(create + TCE_CREATE_START_ADDR);
        return new Window(start, start + size - 1);
      }
    } finally {
      Mem.free(create);
    }
  }

  @Override
  public Window[] windows() {
    return new Window[] {window};
  }

  @Override
  public void mapDma(long iova, long size, long address, int file, long offset) {
    register(IOMMU_SPAPR_REGISTER_MEMORY, "VFIO_IOMMU_SPAPR_REGISTER_MEMORY", address, size);
    try {
      super.mapDma(iova, size, address, file, offset);
    } catch (NetmapException e) {
      unregister(address, size);
      throw e;
    }
  }

  @Override
  public void unmapDma(long iova, long size, long address) {
    super.unmapDma(iova, size, address);
    unregister(address, size);
  }

  private void unregister(long address, long size) {
    register(IOMMU_SPAPR_UNREGISTER_MEMORY, "VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY", address, size);
  }

  /**
   * One at a time in this process: of two containers that register the same memory at once the
   * kernel refuses one with EINVAL ({@code mm_iommu_do_alloc}, "Overlap?").
   */
  private void register(int request, String call, long address, long size) {
    long memory = Mem.allocate(REGISTER_MEMORY);
    try {
      Mem.putInt(memory, REGISTER_MEMORY);
      Mem.putLong(memory + REGISTER_MEMORY_VADDR, address);
      Mem.putLong(memory + REGISTER_MEMORY_SIZE, size);
      synchronized (SpaprIommu.class) {
        kernel.ioctl(
            fd,
            request,
            memory,
            String.format(Locale.ROOT, "%s of %d bytes at 0x%x", call, size, address),
            LOCKED);
      }
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), e.getMessage(), e);
    } finally {
      Mem.free(memory);
    }
  }
}
