package io.netmap4j.vfio;

import static io.netmap4j.vfio.VfioAbi.*;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Machine;
import io.netmap4j.linux.Mem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A container, {@code /dev/vfio/vfio}: one set of device addresses for all groups in it, so that a
 * region is mapped, and its memory locked, once for all their cards. A process has one where the
 * kernel lets the groups be together, and more where it doesn't: in a guest on POWER each has its
 * own ({@code spapr_tce_set_window}). Lives while it has a group. Thread safe.
 */
final class KernelContainer {
  private static final Logger LOG = LoggerFactory.getLogger(KernelContainer.class);

  private static final Map<Path, List<KernelContainer>> OPEN = new HashMap<>();

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
    private int users = 1;

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
   * The container of a group, which is opened if this process does not have it yet. {@link #leave}
   * ends this use of it.
   *
   * @param dev /dev/vfio
   */
  static KernelContainer with(Path dev, String group) {
    return with(VfioKernel.REAL, Machine.PAGE_SIZE, dev, group);
  }

  /** As {@link #with(Path, String)}, of a kernel whose pages of memory have so many bytes. */
  static KernelContainer with(VfioKernel kernel, int page, Path dev, String number) {
    synchronized (OPEN) {
      List<KernelContainer> open = OPEN.computeIfAbsent(dev, d -> new ArrayList<>());
      for (KernelContainer container : open) {
        Group group = container.groups.get(number);
        if (group != null) {
          group.users++;
          return container;
        }
      }
      Group group = openGroup(kernel, dev, number);
      try {
        checkViable(kernel, group);
        return place(kernel, page, dev, open, group);
      } catch (RuntimeException e) {
        kernel.close(group.fd);
        throw e;
      }
    }
  }

  /** Into the first container that takes the group, else into a new one. */
  private static KernelContainer place(
      VfioKernel kernel, int page, Path dev, List<KernelContainer> open, Group group) {
    for (KernelContainer container : open) {
      try {
        container.setContainer(group);
      } catch (LinuxException e) {
        LOG.debug("another container for IOMMU group {}: {}", group.number, e.getMessage());
        continue;
      }
      container.add(group);
      return container;
    }
    KernelContainer container = new KernelContainer(kernel, page, dev);
    try {
      container.setContainer(group);
      container.add(group);
    } catch (RuntimeException e) {
      kernel.close(container.fd);
      throw e;
    }
    open.add(container);
    return container;
  }

  private void setContainer(Group group) {
    long number = Mem.allocate(Integer.BYTES);
    try {
      Mem.putInt(number, fd);
      String call = "VFIO_GROUP_SET_CONTAINER of group " + group.number;
      kernel.ioctl(group.fd, GROUP_SET_CONTAINER, number, call, "");
    } finally {
      Mem.free(number);
    }
  }

  /** The kernel has put the group into this container. */
  private void add(Group group) {
    if (iommu == null) {
      iommu = KernelIommu.choose(kernel, fd, page);
      domain = new VfioDmaDomain(iommu, page);
    }
    iommu.groupJoined();
    groups.put(group.number, group);
  }

  VfioDmaDomain domain() {
    return domain;
  }

  private static Group openGroup(VfioKernel kernel, Path dev, String number) {
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

  private static void checkViable(VfioKernel kernel, Group group) {
    long status = Mem.allocate(GROUP_STATUS);
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
    } finally {
      Mem.free(status);
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
          if (groups.isEmpty()) {
            OPEN.get(dev).remove(this);
            kernel.close(fd);
          }
        }
      }
    }
  }
}
