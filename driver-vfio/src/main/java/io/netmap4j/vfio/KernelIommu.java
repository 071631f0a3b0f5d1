package io.netmap4j.vfio;

import static io.netmap4j.vfio.VfioAbi.*;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The IOMMU of a container of the kernel, of type 1v2: that of x86-64 and arm64. {@link SpaprIommu}
 * is POWER's.
 */
class KernelIommu implements VfioIommu {
  private static final int MOST_INFO = 8192;

  final VfioKernel kernel;
  final int fd;
  private Window[] windows = {};

  /**
   * @param fd the container, which stays its owner's
   */
  KernelIommu(VfioKernel kernel, int fd) {
    this.kernel = kernel;
    this.fd = fd;
  }

  /**
   * The IOMMU that the kernel has for a container with a group in it.
   *
   * @param page bytes of a page of memory
   * @throws NetmapException EOPNOTSUPP it has none of the kinds that we know
   */
  static KernelIommu choose(VfioKernel kernel, int fd, int page) {
    int version = kernel.ioctl(fd, GET_API_VERSION, 0, "VFIO_GET_API_VERSION", "");
    boolean known = version == 0;
    if (known && has(kernel, fd, TYPE1V2_IOMMU)) {
      set(kernel, fd, TYPE1V2_IOMMU, "type1v2");
      return new KernelIommu(kernel, fd);
    }
    if (known && has(kernel, fd, SPAPR_TCE_V2_IOMMU)) {
      set(kernel, fd, SPAPR_TCE_V2_IOMMU, "SPAPR TCE v2");
      return new SpaprIommu(kernel, fd, page);
    }
    throw new NetmapException(
        Libc.EOPNOTSUPP,
        "VFIO of version "
            + version
            + " without type1v2 and SPAPR TCE v2 IOMMU: modprobe vfio_iommu_type1, on POWER"
            + " vfio_iommu_spapr_tce");
  }

  private static boolean has(VfioKernel kernel, int fd, int type) {
    return kernel.ioctl(fd, VfioAbi.CHECK_EXTENSION, type, "VFIO_CHECK_EXTENSION", "") > 0;
  }

  private static void set(VfioKernel kernel, int fd, int type, String name) {
    kernel.ioctl(
        fd,
        SET_IOMMU,
        type,
        "VFIO_SET_IOMMU " + name,
        "EPERM: no interrupt remapping on this machine; if all its devices are trusted:"
            + " echo 1 > /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
  }

  /** A group has joined: the windows may be smaller now. */
  void groupJoined() {
    windows = askWindows();
  }

  /** The windows of the IOVA range capability; without it, one window of all addresses. */
  private Window[] askWindows() {
    long info = Mem.allocate(MOST_INFO);
    try {
      Mem.putInt(info, MOST_INFO);
      kernel.ioctl(fd, IOMMU_GET_INFO, info, "VFIO_IOMMU_GET_INFO", "");
      boolean capabilities = (Mem.getInt(info + TYPE1_INFO_FLAGS) & IOMMU_INFO_CAPS) != 0;
      int at = capabilities ? Mem.getInt(info + TYPE1_INFO_CAP_OFFSET) : 0;
      while (at >= TYPE1_INFO_CAP_OFFSET + 4 && at <= MOST_INFO - IOVA_RANGES) {
        if (Mem.getShort(info + at) == IOMMU_TYPE1_INFO_CAP_IOVA_RANGE) {
          return ranges(info + at);
        }
        at = Mem.getInt(info + at + CAP_HEADER_NEXT);
      }
      return new Window[] {new Window(0, Long.MAX_VALUE)};
    } finally {
      Mem.free(info);
    }
  }

  private static Window[] ranges(long capability) {
    List<Window> all = new ArrayList<>();
    int count = Math.min(Mem.getInt(capability + IOVA_RANGES_NR_IOVAS), 256);
    for (int i = 0; i < count; i++) {
      long range = capability + IOVA_RANGES + (long) IOVA_RANGE * i;
      long last = Mem.getLong(range + IOVA_RANGE_END);
      all.add(new Window(Mem.getLong(range), last < 0 ? Long.MAX_VALUE : last));
    }
    return all.toArray(new Window[0]);
  }

  @Override
  public Window[] windows() {
    return windows;
  }

  @Override
  public void mapDma(long iova, long size, long address, int file, long offset) {
    long map = Mem.allocate(DMA_MAP);
    try {
      Mem.putInt(map, DMA_MAP);
      Mem.putInt(map + DMA_MAP_FLAGS, DMA_READ_WRITE);
      Mem.putLong(map + DMA_MAP_VADDR, address);
      Mem.putLong(map + DMA_MAP_IOVA, iova);
      Mem.putLong(map + DMA_MAP_SIZE, size);
      kernel.ioctl(
          fd,
          IOMMU_MAP_DMA,
          map,
          String.format(Locale.ROOT, "VFIO_IOMMU_MAP_DMA of %d bytes at 0x%x", size, iova),
          LOCKED);
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), e.getMessage(), e);
    } finally {
      Mem.free(map);
    }
  }

  /** What helps where memory is pinned, and counted. */
  static final String LOCKED =
      "ENOMEM: the limit of locked memory is too low; ulimit -l shows it, 'ulimit -l unlimited' or a memlock line"
          + " in /etc/security/limits.d raises it; a smaller region: memory.buf-num in the configuration file";

  /**
   * @param address where this process has the memory that was mapped there
   */
  @Override
  public void unmapDma(long iova, long size, long address) {
    long unmap = Mem.allocate(DMA_UNMAP);
    try {
      Mem.putInt(unmap, DMA_UNMAP);
      Mem.putLong(unmap + DMA_UNMAP_IOVA, iova);
      Mem.putLong(unmap + DMA_UNMAP_SIZE, size);
      kernel.ioctl(fd, IOMMU_UNMAP_DMA, unmap, "VFIO_IOMMU_UNMAP_DMA", "");
      if (Mem.getLong(unmap + DMA_UNMAP_SIZE) != size) {
        throw new NetmapException(
            Libc.EIO,
            String.format(
                Locale.ROOT,
                "VFIO_IOMMU_UNMAP_DMA at 0x%x unmapped %d bytes, not %d",
                iova,
                Mem.getLong(unmap + DMA_UNMAP_SIZE),
                size));
      }
    } catch (LinuxException e) {
      throw new NetmapException(Libc.EIO, e.getMessage(), e);
    } finally {
      Mem.free(unmap);
    }
  }
}
