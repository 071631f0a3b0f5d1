package io.netmap4j.vfio;

import static io.netmap4j.vfio.VfioAbi.*;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.Order;
import java.nio.charset.StandardCharsets;

/** A function bound to the kernel's vfio-pci: ioctls on its descriptor, BAR 0 mapped. */
final class KernelVfio implements Vfio {
  private final String address;
  private final KernelContainer container;
  private final String group;
  private final int fd;
  private final DeviceInfo info;
  private final Region[] regions;
  private long bar0;
  private volatile boolean closed;

  private record Region(int flags, long size, long offset) {}

  /** Opens a function of a group that is in {@code container}, which {@link #close} leaves. */
  KernelVfio(String address, KernelContainer container, String group) {
    this.address = address;
    this.container = container;
    this.group = group;
    this.fd = openDevice();
    try {
      this.info = askInfo();
      this.regions = new Region[info.regions()];
      for (int i = 0; i < regions.length; i++) {
        regions[i] = askRegion(i);
      }
      mapRegisters();
    } catch (RuntimeException e) {
      Libc.closeFd(fd);
      throw e;
    }
  }

  private int openDevice() {
    byte[] name = (address + "\0").getBytes(StandardCharsets.US_ASCII);
    long text = Mem.allocate(name.length);
    try {
      Mem.copyIn(name, 0, text, name.length);
      return Libc.ioctl(
          container.group(group).fd,
          GROUP_GET_DEVICE_FD,
          text,
          "VFIO_GROUP_GET_DEVICE_FD " + address,
          "is it bound to vfio-pci? netmap4j bind --vfio " + address);
    } finally {
      Mem.free(text);
    }
  }

  private DeviceInfo askInfo() {
    long memory = Mem.allocate(DEVICE_INFO);
    try {
      Mem.putInt(memory, DEVICE_INFO);
      Libc.ioctl(fd, DEVICE_GET_INFO, memory, "VFIO_DEVICE_GET_INFO", "");
      return new DeviceInfo(
          Mem.getInt(memory + DEVICE_INFO_FLAGS),
          Mem.getInt(memory + DEVICE_INFO_NUM_REGIONS),
          Mem.getInt(memory + DEVICE_INFO_NUM_IRQS));
    } finally {
      Mem.free(memory);
    }
  }

  private Region askRegion(int index) {
    long memory = Mem.allocate(REGION_INFO);
    try {
      Mem.putInt(memory, REGION_INFO);
      Mem.putInt(memory + REGION_INFO_INDEX, index);
      Libc.ioctl(fd, DEVICE_GET_REGION_INFO, memory, "VFIO_DEVICE_GET_REGION_INFO " + index, "");
      return new Region(
          Mem.getInt(memory + REGION_INFO_FLAGS),
          Mem.getLong(memory + REGION_INFO_SIZE),
          Mem.getLong(memory + REGION_INFO_OFFSET));
    } catch (LinuxException e) {
      return new Region(0, 0, 0); // EINVAL: the card lacks this region, as VGA
    } finally {
      Mem.free(memory);
    }
  }

  /** A BAR with capabilities can be mapped in parts only: system calls access that. */
  private void mapRegisters() {
    Region bar = regions.length == 0 ? new Region(0, 0, 0) : regions[BAR0];
    if (bar.size > 0
        && (bar.flags & (REGION_INFO_FLAG_MMAP | REGION_INFO_FLAG_CAPS)) == REGION_INFO_FLAG_MMAP) {
      bar0 =
          Libc.mmap(
              bar.size,
              Libc.PROT_READ | Libc.PROT_WRITE,
              Libc.MAP_SHARED,
              fd,
              bar.offset,
              "BAR 0 of " + address);
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new NetmapException(Libc.ENXIO, "vfio:" + address + " is closed");
    }
  }

  @Override
  public DeviceInfo info() {
    return info;
  }

  @Override
  public long regionSize(int region) {
    return region < regions.length ? regions[region].size : 0;
  }

  @Override
  public int irqCount(int index) {
    checkOpen();
    long memory = Mem.allocate(IRQ_INFO);
    try {
      Mem.putInt(memory, IRQ_INFO);
      Mem.putInt(memory + IRQ_INFO_INDEX, index);
      Libc.ioctl(fd, DEVICE_GET_IRQ_INFO, memory, "VFIO_DEVICE_GET_IRQ_INFO " + index, "");
      return Mem.getInt(memory + IRQ_INFO_COUNT);
    } finally {
      Mem.free(memory);
    }
  }

  @Override
  public int read(int region, long offset, int bytes) {
    checkOpen();
    if (region == BAR0 && bar0 != 0) {
      return Order.readRegister(bar0 + offset);
    }
    long memory = Mem.allocate(4);
    try {
      Libc.readAt(fd, memory, bytes, regions[region].offset + offset, "read of region " + region);
      return Mem.getInt(memory);
    } catch (LinuxException e) {
      throw gone(e);
    } finally {
      Mem.free(memory);
    }
  }

  @Override
  public void write(int region, long offset, int bytes, int value) {
    checkOpen();
    if (region == BAR0 && bar0 != 0) {
      Order.writeRegister(bar0 + offset, value);
      return;
    }
    long memory = Mem.allocate(4);
    try {
      Mem.putInt(memory, value);
      Libc.writeAt(fd, memory, bytes, regions[region].offset + offset, "write of region " + region);
    } catch (LinuxException e) {
      throw gone(e);
    } finally {
      Mem.free(memory);
    }
  }

  private NetmapException gone(LinuxException e) {
    return new NetmapException(Libc.EIO, "vfio:" + address + ": " + e.getMessage(), e);
  }

  @Override
  public void post(int region, long offset, int value) {
    write(region, offset, 4, value);
  }

  @Override
  public long mapped(int region) {
    return region == BAR0 ? bar0 : 0;
  }

  @Override
  public void setIrqs(int index, int[] eventFds) {
    int data = eventFds.length == 0 ? IRQ_DATA_NONE : IRQ_DATA_EVENTFD;
    setIrqs(IRQ_ACTION_TRIGGER | data, index, eventFds.length, eventFds);
  }

  @Override
  public void unmaskIntx() {
    setIrqs(IRQ_ACTION_UNMASK | IRQ_DATA_NONE, INTX, 1);
  }

  private void setIrqs(int flags, int index, int count, int... fds) {
    checkOpen();
    int size = IRQ_SET_DATA + Integer.BYTES * fds.length;
    long memory = Mem.allocate(size);
    try {
      Mem.putInt(memory, size);
      Mem.putInt(memory + IRQ_SET_FLAGS, flags);
      Mem.putInt(memory + IRQ_SET_INDEX, index);
      Mem.putInt(memory + IRQ_SET_COUNT, count);
      for (int i = 0; i < fds.length; i++) {
        Mem.putInt(memory + IRQ_SET_DATA + (long) Integer.BYTES * i, fds[i]);
      }
      int granted =
          Libc.ioctl(
              fd,
              DEVICE_SET_IRQS,
              memory,
              "VFIO_DEVICE_SET_IRQS",
              "too many vectors for this machine");
      if (granted > 0) { // vfio_msi_enable: so many are available, none is enabled
        throw new NetmapException(
            Libc.ENOSPC,
            "the kernel has only "
                + granted
                + " interrupt vectors of "
                + count
                + ": fewer rings, or wait = spin");
      }
    } catch (LinuxException e) {
      throw gone(e);
    } finally {
      Mem.free(memory);
    }
  }

  @Override
  public void reset() {
    checkOpen();
    try {
      Libc.ioctl(fd, VfioAbi.DEVICE_RESET, 0, "VFIO_DEVICE_RESET", "");
    } catch (LinuxException e) {
      throw gone(e);
    }
  }

  /** The kernel resets the function when its last descriptor is closed. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      if (bar0 != 0) {
        Libc.unmap(bar0, regions[BAR0].size);
      }
      Libc.closeFd(fd);
      container.leave(group);
    }
  }
}
