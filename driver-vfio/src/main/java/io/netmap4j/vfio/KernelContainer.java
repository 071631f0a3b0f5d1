package io.netmap4j.vfio;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Machine;
import io.netmap4j.linux.Mem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The container of this process, {@code /dev/vfio/vfio}: one set of device addresses (IOMMU type
 * 1v2) for all groups in it, so that a region is mapped, and its memory locked, once for all cards.
 * Lives while it has a group. Thread safe.
 */
final class KernelContainer implements VfioIommu {
  private static final Logger LOG = LoggerFactory.getLogger(KernelContainer.class);
  // linux/vfio.h.
  private static final int GET_API_VERSION = vfio(0);
  private static final int CHECK_EXTENSION = vfio(1);
  private static final int SET_IOMMU = vfio(2);
  private static final int GROUP_GET_STATUS = vfio(3);
  private static final int GROUP_SET_CONTAINER = vfio(4);
  private static final int GROUP_UNSET_CONTAINER = vfio(5);
  private static final int IOMMU_GET_INFO = vfio(12);
  private static final int IOMMU_MAP_DMA = vfio(13);
  private static final int IOMMU_UNMAP_DMA = vfio(14);
  private static final int TYPE1V2_IOMMU = 3;
  private static final int GROUP_VIABLE = 1;
  private static final int INFO_CAPS = 1 << 1;
  private static final int CAP_IOVA_RANGE = 1;
  private static final int INFO_BYTES = 24;
  private static final int MOST_INFO = 8192;

  private static final Map<Path, KernelContainer> OPEN = new HashMap<>();

  private final Path dev;
  private final int fd;
  private final Map<String, Group> groups = new HashMap<>();
  private final VfioDmaDomain domain = new VfioDmaDomain(this);
  private Window[] windows;

  /**
   * An IOMMU group: functions that the IOMMU cannot tell apart. A process opens it once, however
   * many of its functions it uses.
   */
  static final class Group {
    final String number;
    final int fd;
    private int users;

    Group(String number, int fd) {
      this.number = number;
      this.fd = fd;
    }
  }

  /** The number of VFIO's {@code n}th ioctl. */
  static int vfio(int n) {
    return Machine.io(';', 100 + n);
  }

  private KernelContainer(Path dev) {
    this.dev = dev;
    this.fd =
        Libc.open(
            dev.resolve("vfio").toString(),
            Libc.O_RDWR,
            0,
            "is the module loaded? modprobe vfio-pci");
  }

  /**
   * Adds a group to the container of this process, or one more use of it, which {@link #leave}
   * ends.
   *
   * @param dev /dev/vfio
   */
  static KernelContainer with(Path dev, String group) {
    synchronized (OPEN) {
      KernelContainer container = OPEN.get(dev);
      if (container == null) {
        container = new KernelContainer(dev);
      }
      try {
        container.join(group);
      } finally {
        container.keepOrClose();
      }
      return container;
    }
  }

  private void keepOrClose() {
    if (groups.isEmpty()) {
      OPEN.remove(dev);
      Libc.closeFd(fd);
    } else {
      OPEN.put(dev, this);
    }
  }

  VfioDmaDomain domain() {
    return domain;
  }

  private void join(String number) {
    Group group = groups.get(number);
    if (group == null) {
      group = openGroup(number);
      try {
        attach(group);
      } catch (RuntimeException e) {
        Libc.closeFd(group.fd);
        throw e;
      }
      groups.put(number, group);
    }
    group.users++;
  }

  private Group openGroup(String number) {
    String path = dev.resolve(number).toString();
    try {
      return new Group(
          number,
          Libc.open(
              path,
              Libc.O_RDWR,
              0,
              "EACCES: sudo chown $USER " + path + "; EBUSY: another process has the card"));
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), e.getMessage(), e);
    }
  }

  private void attach(Group group) {
    long status = Mem.allocate(8);
    long number = Mem.allocate(4);
    try {
      Mem.putInt(status, 8);
      Libc.ioctl(group.fd, GROUP_GET_STATUS, status, "VFIO_GROUP_GET_STATUS", "");
      if ((Mem.getInt(status + 4) & GROUP_VIABLE) == 0) {
        throw new NetmapException(
            Libc.EBUSY,
            "IOMMU group "
                + group.number
                + " is not viable: another function of it is bound to a kernel driver; bind all of"
                + " /sys/kernel/iommu_groups/"
                + group.number
                + "/devices to vfio-pci, or unbind them");
      }
      Mem.putInt(number, fd);
      Libc.ioctl(
          group.fd,
          GROUP_SET_CONTAINER,
          number,
          "VFIO_GROUP_SET_CONTAINER of group " + group.number,
          groups.isEmpty() ? "" : "its IOMMU differs from that of the cards already open");
      if (groups.isEmpty()) {
        chooseIommu();
      }
      windows = askWindows(); // a group may make them smaller
    } finally {
      Mem.free(status);
      Mem.free(number);
    }
  }

  private void chooseIommu() {
    int version = Libc.ioctl(fd, GET_API_VERSION, 0, "VFIO_GET_API_VERSION", "");
    if (version != 0 || Libc.ioctl(fd, CHECK_EXTENSION, TYPE1V2_IOMMU, "", "") == 0) {
      throw new NetmapException(
          Libc.EOPNOTSUPP,
          "VFIO of version " + version + " without type1v2 IOMMU: modprobe vfio_iommu_type1");
    }
    Libc.ioctl(
        fd,
        SET_IOMMU,
        TYPE1V2_IOMMU,
        "VFIO_SET_IOMMU type1v2",
        "EPERM: no interrupt remapping on this machine; if all its devices are trusted:"
            + " echo 1 > /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
  }

  /** The windows of the IOVA range capability; without it, one window of all addresses. */
  private Window[] askWindows() {
    long info = Mem.allocate(MOST_INFO);
    try {
      Mem.putInt(info, MOST_INFO);
      Libc.ioctl(fd, IOMMU_GET_INFO, info, "VFIO_IOMMU_GET_INFO", "");
      int at = (Mem.getInt(info + 4) & INFO_CAPS) == 0 ? 0 : Mem.getInt(info + 16);
      while (at >= INFO_BYTES - 4 && at <= MOST_INFO - 16) {
        if (Mem.getShort(info + at) == CAP_IOVA_RANGE) {
          return ranges(info + at);
        }
        at = Mem.getInt(info + at + 4);
      }
      return new Window[] {new Window(0, Long.MAX_VALUE)};
    } finally {
      Mem.free(info);
    }
  }

  private static Window[] ranges(long capability) {
    List<Window> all = new ArrayList<>();
    int count = Math.min(Mem.getInt(capability + 8), 256);
    for (int i = 0; i < count; i++) {
      long range = capability + 16 + 16L * i;
      long last = Mem.getLong(range + 8);
      all.add(new Window(Mem.getLong(range), last < 0 ? Long.MAX_VALUE : last));
    }
    return all.toArray(new Window[0]);
  }

  Group group(String number) {
    synchronized (OPEN) {
      return groups.get(number);
    }
  }

  /** Ends one use of a group by {@link #with}; the last closes it. */
  void leave(String number) {
    synchronized (OPEN) {
      Group group = groups.get(number);
      if (--group.users == 0) {
        groups.remove(number);
        try {
          Libc.ioctl(group.fd, GROUP_UNSET_CONTAINER, 0, "VFIO_GROUP_UNSET_CONTAINER", "");
        } catch (LinuxException e) {
          LOG.warn("IOMMU group {}: {}", number, e.getMessage());
        } finally {
          Libc.closeFd(group.fd);
          keepOrClose();
        }
      }
    }
  }

  @Override
  public Window[] windows() {
    return windows;
  }

  @Override
  public void mapDma(long iova, long size, long address, int file, long offset) {
    long map = Mem.allocate(32);
    try {
      Mem.putInt(map, 32);
      Mem.putInt(map + 4, DMA_READ_WRITE);
      Mem.putLong(map + 8, address);
      Mem.putLong(map + 16, iova);
      Mem.putLong(map + 24, size);
      Libc.ioctl(
          fd,
          IOMMU_MAP_DMA,
          map,
          String.format(Locale.ROOT, "VFIO_IOMMU_MAP_DMA of %d bytes at 0x%x", size, iova),
          "ENOMEM: the limit of locked memory is too low; ulimit -l shows it, 'ulimit -l unlimited' or a memlock line"
              + " in /etc/security/limits.d raises it; a smaller region: memory.buf-num in the configuration file");
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), e.getMessage(), e);
    } finally {
      Mem.free(map);
    }
  }

  @Override
  public void unmapDma(long iova, long size) {
    long unmap = Mem.allocate(24);
    try {
      Mem.putInt(unmap, 24);
      Mem.putLong(unmap + 8, iova);
      Mem.putLong(unmap + 16, size);
      Libc.ioctl(fd, IOMMU_UNMAP_DMA, unmap, "VFIO_IOMMU_UNMAP_DMA", "");
      if (Mem.getLong(unmap + 16) != size) {
        throw new NetmapException(
            Libc.EIO,
            String.format(
                Locale.ROOT,
                "VFIO_IOMMU_UNMAP_DMA at 0x%x unmapped %d bytes, not %d",
                iova,
                Mem.getLong(unmap + 16),
                size));
      }
    } catch (LinuxException e) {
      throw new NetmapException(Libc.EIO, e.getMessage(), e);
    } finally {
      Mem.free(unmap);
    }
  }
}
