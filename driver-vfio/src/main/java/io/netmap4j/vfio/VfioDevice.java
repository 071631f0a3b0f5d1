package io.netmap4j.vfio;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.PciId;
import io.netmap4j.linux.PciRegs;
import io.netmap4j.spi.DmaDomain;
import io.netmap4j.spi.NicDevice;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A PCI function, reached through the kernel's VFIO or through vfio-user. */
final class VfioDevice implements NicDevice {
  private static final Logger LOG = LoggerFactory.getLogger(VfioDevice.class);
  private static final int CONFIG_SIZE = 256;
  private static final int BARS = 6;

  private final String name;
  private final Vfio vfio;
  private final VfioDmaDomain domain;
  private final long registers;
  private final int irqIndex;
  private final int irqVectors;
  private final PciId id;
  private final Map<DmaBuffer, VfioDmaDomain.Private> buffers = new HashMap<>();
  private int[] irqs = {};
  private volatile boolean closed;

  /**
   * @param vfio closed by {@link #close}; when this constructor throws it stays the caller's
   * @throws NetmapException ENXIO the device is not a PCI function
   */
  VfioDevice(String name, Vfio vfio, VfioDmaDomain domain) {
    this.name = name;
    this.vfio = vfio;
    this.domain = domain;
    Vfio.DeviceInfo info = vfio.info();
    boolean pci =
        (info.flags() & Vfio.DEVICE_PCI) != 0
            && info.regions() > Vfio.CONFIG
            && vfio.regionSize(Vfio.CONFIG) >= CONFIG_SIZE;
    if (!pci) {
      throw new NetmapException(
          Libc.ENXIO, name + " is not a PCI function: " + info + " and no configuration space");
    }
    this.registers = vfio.regionSize(Vfio.BAR0);
    int msix = info.irqs() > Vfio.MSIX ? vfio.irqCount(Vfio.MSIX) : 0;
    this.irqIndex = msix > 0 ? Vfio.MSIX : Vfio.INTX;
    this.irqVectors = msix > 0 ? msix : info.irqs() > 0 ? vfio.irqCount(Vfio.INTX) : 0;
    this.id =
        new PciId(
            readConfig(0x00, 2),
            readConfig(0x02, 2),
            readConfig(0x2C, 2),
            readConfig(0x2E, 2),
            readConfig(0x08, 4) >>> 8,
            readConfig(0x08, 1));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public PciId id() {
    return id;
  }

  @Override
  public int read32(int register) {
    NicDevice.checkRegister(name, register, registers);
    return vfio.read(Vfio.BAR0, register, 4);
  }

  @Override
  public void write32(int register, int value) {
    NicDevice.checkRegister(name, register, registers);
    vfio.post(Vfio.BAR0, register, value);
  }

  @Override
  public long mappedRegister(int register) {
    NicDevice.checkRegister(name, register, registers);
    long bar = vfio.mapped(Vfio.BAR0);
    return bar == 0 ? 0 : bar + register;
  }

  @Override
  public int readConfig(int offset, int bytes) {
    return vfio.read(Vfio.CONFIG, offset, bytes);
  }

  @Override
  public void writeConfig(int offset, int bytes, int value) {
    vfio.write(Vfio.CONFIG, offset, bytes, value);
  }

  @Override
  public IoPorts ioPorts() {
    for (int bar = 1; bar < BARS; bar++) {
      int address = readConfig(PciRegs.BASE_ADDRESS_0 + 4 * bar, 4);
      // The upper half of a 64-bit BAR has any bits, but is no region.
      long size = vfio.regionSize(bar);
      if ((address & PciRegs.BASE_ADDRESS_SPACE_IO) != 0 && size > 0) {
        return new RegionPorts(vfio, bar, size);
      }
    }
    return null;
  }

  private record RegionPorts(Vfio vfio, int region, long size) implements IoPorts {
    @Override
    public int read32(int offset) {
      IoPorts.check("region " + region, offset, size);
      return vfio.read(region, offset, 4);
    }

    @Override
    public void write32(int offset, int value) {
      IoPorts.check("region " + region, offset, size);
      vfio.write(region, offset, 4, value);
    }
  }

  @Override
  public synchronized DmaBuffer allocateDma(long bytes) {
    if (closed) {
      throw new NetmapException(Libc.ENXIO, name + " is closed");
    }
    if (bytes <= 0) {
      throw new NetmapException(Libc.EINVAL, bytes + " bytes of DMA memory asked for");
    }
    VfioDmaDomain.Private memory = domain.allocate(bytes);
    DmaBuffer buffer = new DmaBuffer(memory.address(), memory.iova(), bytes);
    buffers.put(buffer, memory);
    return buffer;
  }

  @Override
  public synchronized void freeDma(DmaBuffer buffer) {
    VfioDmaDomain.Private memory = buffers.remove(buffer);
    if (memory == null) {
      throw new NetmapException(Libc.EINVAL, buffer + " is not a buffer of " + name);
    }
    domain.free(memory);
  }

  @Override
  public DmaDomain domain() {
    return domain;
  }

  @Override
  public int irqVectors() {
    return irqVectors;
  }

  @Override
  public synchronized int[] enableIrqs(int count) {
    if (count < 0 || count > irqVectors) {
      throw new NetmapException(
          Libc.EINVAL, count + " vectors asked for, " + name + " has " + irqVectors);
    }
    try {
      if (irqs.length > 0 && !closed) {
        vfio.setIrqs(irqIndex, new int[0]);
      }
    } finally {
      closeIrqs();
    }
    if (count == 0) {
      return new int[0];
    }
    irqs = new int[count];
    Arrays.fill(irqs, -1);
    try {
      for (int i = 0; i < count; i++) {
        irqs[i] = Libc.eventFd();
      }
      vfio.setIrqs(irqIndex, irqs);
      return irqs.clone();
    } catch (RuntimeException e) {
      closeIrqs();
      throw e;
    }
  }

  @Override
  public boolean irqMessages() {
    return irqIndex == Vfio.MSIX;
  }

  @Override
  public synchronized void rearmIrq(int vector) {
    Libc.drain(irqs[vector]);
    if (irqIndex == Vfio.INTX) {
      vfio.unmaskIntx();
    }
  }

  private void closeIrqs() {
    for (int fd : irqs) {
      if (fd >= 0) {
        Libc.closeFd(fd);
      }
    }
    irqs = new int[0];
  }

  @Override
  public boolean resetFunction() {
    if ((vfio.info().flags() & Vfio.DEVICE_RESET) == 0) {
      return false;
    }
    vfio.reset();
    return true;
  }

  @Override
  public void part() {
    vfio.part();
  }

  @Override
  public synchronized void close() {
    vfio.part();
    if (closed) {
      return;
    }
    quietly("bus mastering off", () -> changeConfig(PciRegs.COMMAND, 2, PciRegs.COMMAND_MASTER, 0));
    quietly("interrupts off", () -> enableIrqs(0));
    buffers.values().forEach(memory -> quietly("unmap descriptors", () -> domain.free(memory)));
    buffers.clear();
    closed = true;
    vfio.close();
  }

  private void quietly(String what, Runnable step) {
    try {
      step.run();
    } catch (NetmapException | LinuxException e) {
      LOG.debug("{}: {}: {}", name, what, e.getMessage());
    }
  }
}
