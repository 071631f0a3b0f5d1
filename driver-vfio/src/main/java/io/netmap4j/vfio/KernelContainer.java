package io.netmap4j.vfio;

import static io.netmap4j.vfio.VfioAbi.*;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Machine;
import io.netmap4j.linux.Mem;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The container of this process, {@code /dev/vfio/vfio}: one set of device addresses for all groups
 * in it, so that a region is mapped, and its memory locked, once for all cards. Lives while it has
 * a group. Thread safe.
 */
final class KernelContainer {
  private static final Logger LOG = LoggerFactory.getLogger(KernelContainer.class);

  private static final Map<Path, KernelContainer> OPEN = new HashMap<>();

  private final Path dev;
  private final VfioKernel kernel;
  private final int page;
  private final int fd;
  private final Map<String, Group> groups = new HashMap<>();
  private KernelIommu iommu;
  private VfioDmaDomain domain;

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

  private KernelContainer(VfioKernel kernel, int page, Path dev) {
    this.dev = dev;
    this.kernel = kernel;
    this.page = page;
    this.fd =
        kernel.open(dev.resolve("vfio").toString(), "is the module loaded? modprobe vfio-pci");
  }

  /**
   * Adds a group to the container of this process, or one more use of it, which {@link #leave}
   * ends.
   *
   * @param dev /dev/vfio
   */
  static KernelContainer with(Path dev, String group) {
    return with(VfioKernel.REAL, Machine.PAGE_SIZE, dev, group);
  }

  /** As {@link #with(Path, String)}, of a kernel whose pages of memory have so many bytes. */
  static KernelContainer with(VfioKernel kernel, int page, Path dev, String group) {
    synchronized (OPEN) {
      KernelContainer container = OPEN.get(dev);
      if (container == null) {
        container = new KernelContainer(kernel, page, dev);
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
      kernel.close(fd);
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
        kernel.close(group.fd);
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
          kernel.open(
              path, "EACCES: sudo chown $USER " + path + "; EBUSY: another process has the card"));
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), e.getMessage(), e);
    }
  }

  private void attach(Group group) {
    long status = Mem.allocate(GROUP_STATUS);
    long number = Mem.allocate(Integer.BYTES);
    try {
      Mem.putInt(status, GROUP_STATUS);
      kernel.ioctl(group.fd, GROUP_GET_STATUS, status, "VFIO_GROUP_GET_STATUS", "");
      if ((Mem.getInt(status + GROUP_STATUS_FLAGS) & GROUP_FLAGS_VIABLE) == 0) {
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
      kernel.ioctl(
          group.fd,
          GROUP_SET_CONTAINER,
          number,
          "VFIO_GROUP_SET_CONTAINER of group " + group.number,
          groups.isEmpty() ? "" : "its IOMMU differs from that of the cards already open");
      if (groups.isEmpty()) {
        iommu = KernelIommu.choose(kernel, fd, page);
        domain = new VfioDmaDomain(iommu, page);
      }
      iommu.groupJoined();
    } finally {
      Mem.free(status);
      Mem.free(number);
    }
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
          kernel.ioctl(group.fd, GROUP_UNSET_CONTAINER, 0, "VFIO_GROUP_UNSET_CONTAINER", "");
        } catch (LinuxException e) {
          LOG.warn("IOMMU group {}: {}", number, e.getMessage());
        } finally {
          kernel.close(group.fd);
          keepOrClose();
        }
      }
    }
  }
}
