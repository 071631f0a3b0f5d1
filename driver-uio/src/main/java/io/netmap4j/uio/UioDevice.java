package io.netmap4j.uio;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.FileErrors;
import io.netmap4j.linux.HugePages;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Machine;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.Order;
import io.netmap4j.linux.PciId;
import io.netmap4j.linux.PciRegs;
import io.netmap4j.spi.DmaDomain;
import io.netmap4j.spi.NicDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PCI function, accessed through its files in sysfs. Its {@code /dev/uioN} stays open even when
 * nobody waits for interrupts: the kernel switches bus mastering off when it is closed, so also
 * when the process is killed.
 */
final class UioDevice implements NicDevice {
  private static final Logger LOG = LoggerFactory.getLogger(UioDevice.class);
  private static final int CONFIG_SIZE = 4096;
  private static final int BARS = 6;

  /** In the flags of a BAR (linux/ioport.h): its addresses are I/O ports. */
  private static final long IORESOURCE_IO = 0x100;

  /** What reads of the configuration space of a function that is gone return. */
  private static final int ALL_ONES = 0xFFFF;

  /**
   * Where a function is found.
   *
   * @param address in PCI
   * @param folder in sysfs
   * @param node {@code /dev/uioN}, null for a function that is bound to no driver
   * @param controlled the interrupt is switched by writes to {@code node} (igb_uio); otherwise by
   *     the command register (uio_pci_generic)
   * @param interrupts whether it has one
   */
  record Place(
      String address, PciId id, Path folder, Path node, boolean controlled, boolean interrupts) {}

  private final String name;
  private final Place place;
  private final Deque<Runnable> undo = new ArrayDeque<>();
  private final int config;
  private final int uio;
  private final List<Bar> bars;
  private final long registers;
  private final long bar;
  private final UioDmaDomain domain;
  private IoPorts ports;

  /**
   * A line of the file {@code resource}: an address for the processor.
   *
   * @param flags as {@link #IORESOURCE_IO}
   */
  private record Bar(long start, long size, long flags) {}

  private volatile boolean closed;

  /**
   * Locks the card for this process, stops its DMA, and then releases memory that a killed process
   * had mapped for it. Bus mastering stays off: the driver switches it on after it has reset the
   * card.
   *
   * @param lockFile created if missing; locked while this is open, never deleted
   */
  UioDevice(String name, Place place, Path lockFile, HugePages hugePages) {
    this.name = name;
    this.place = place;
    try {
      lock(lockFile);
      this.config = open(place.folder.resolve("config"), 0);
      this.uio = place.node == null ? -1 : open(place.node, Libc.O_NONBLOCK);
      if (readConfig(0, 2) == ALL_ONES) {
        throw new NetmapException(
            Libc.ENXIO,
            name
                + ": configuration space reads all ones: the card has no power or is gone; echo 1 > "
                + place.folder
                + "/remove && echo 1 > /sys/bus/pci/rescan");
      }
      stopDma(); // after opening the node: igb_uio switches bus mastering on when it is opened
      this.domain = new UioDmaDomain(place.address, hugePages, this::mastering);
      Path resource = place.folder.resolve("resource0");
      int fd = open(resource, Libc.O_SYNC);
      this.bars = readBars();
      this.registers = bars.isEmpty() ? Libc.stat(fd).size() : bars.get(0).size;
      // Whole pages are mapped: where pages are large, a small BAR may begin within one.
      long before = bars.isEmpty() ? 0 : bars.get(0).start % hugePages.smallPage();
      long mapped =
          Libc.mmap(
              before + registers,
              Libc.PROT_READ | Libc.PROT_WRITE,
              Libc.MAP_SHARED,
              fd,
              0,
              resource
                  + ": EINVAL: is BAR 0 a memory BAR? EPERM: the kernel is locked down (secure boot),"
                  + " use vfio");
      undo.push(() -> Libc.unmap(mapped, before + registers));
      this.bar = mapped + before;
      int irqOff = place.node == null || place.controlled ? 0 : PciRegs.COMMAND_INTX_DISABLE;
      changeConfig(PciRegs.COMMAND, 2, 0, PciRegs.COMMAND_MEMORY | irqOff);
    } catch (RuntimeException e) {
      unwind();
      throw e;
    }
  }

  private int open(Path file, int flags) {
    int fd = Libc.open(file.toString(), Libc.O_RDWR | flags, 0, "run as root");
    undo.push(() -> Libc.closeFd(fd));
    return fd;
  }

  /** The kernel releases the lock when this process ends, even if it is killed. The file stays. */
  private void lock(Path file) {
    try {
      Files.createDirectories(file.getParent());
      int fd = open(file, Libc.O_CREAT);
      if (!Libc.tryLock(fd)) {
        throw new NetmapException(
            Libc.EBUSY,
            name + " is in use by process " + Files.readString(file).trim() + ": end it first");
      }
      Files.writeString(file, ProcessHandle.current().pid() + "\n");
    } catch (IOException e) {
      throw FileErrors.exception(name + ": cannot lock " + file, e);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public PciId id() {
    return place.id;
  }

  private void checkOpen() {
    if (closed) {
      throw new NetmapException(Libc.ENXIO, name + " is closed");
    }
  }

  @Override
  public int read32(int register) {
    NicDevice.checkRegister(name, register, registers);
    checkOpen();
    return Order.readRegister(bar + register);
  }

  @Override
  public void write32(int register, int value) {
    NicDevice.checkRegister(name, register, registers);
    checkOpen();
    Order.writeRegister(bar + register, value);
  }

  @Override
  public long mappedRegister(int register) {
    NicDevice.checkRegister(name, register, registers);
    return bar + register;
  }

  private void checkConfig(int offset, int bytes) {
    checkOpen();
    boolean one = bytes == 1 || bytes == 2 || bytes == 4;
    if (!one || offset < 0 || offset % bytes != 0 || offset >= CONFIG_SIZE) {
      throw new NetmapException(
          Libc.EINVAL,
          String.format(
              Locale.ROOT, "%s: %d bytes at 0x%x of configuration space", name, bytes, offset));
    }
  }

  @Override
  public int readConfig(int offset, int bytes) {
    checkConfig(offset, bytes);
    long memory = Mem.allocate(4);
    try {
      Libc.readAt(config, memory, bytes, offset, "read of configuration space");
      return Mem.getInt(memory);
    } catch (LinuxException e) {
      throw gone(e);
    } finally {
      Mem.free(memory);
    }
  }

  @Override
  public void writeConfig(int offset, int bytes, int value) {
    checkConfig(offset, bytes);
    long memory = Mem.allocate(4);
    try {
      Mem.putInt(memory, value);
      Libc.writeAt(config, memory, bytes, offset, "write of configuration space");
    } catch (LinuxException e) {
      throw gone(e);
    } finally {
      Mem.free(memory);
    }
  }

  private NetmapException gone(LinuxException e) {
    return new NetmapException(Libc.EIO, name + ": " + e.getMessage(), e);
  }

  /** The kernel does the port access for a read or write of {@code resourceN} (x86 only). */
  @Override
  public synchronized IoPorts ioPorts() {
    checkOpen();
    if (ports == null) {
      ports = openPorts();
    }
    return ports;
  }

  private IoPorts openPorts() {
    for (int i = 0; Machine.hasIoPorts() && i < bars.size(); i++) {
      Path file = place.folder.resolve("resource" + i);
      if ((bars.get(i).flags & IORESOURCE_IO) != 0 && Files.exists(file)) {
        return new FilePorts(open(file, 0), bars.get(i).size);
      }
    }
    return null;
  }

  private List<Bar> readBars() {
    Path table = place.folder.resolve("resource"); // a line for each BAR: first, last, flags
    try {
      List<Bar> found = new ArrayList<>();
      List<String> lines = Files.exists(table) ? Files.readAllLines(table) : List.of();
      for (String line : lines.subList(0, Math.min(BARS, lines.size()))) {
        String[] words = line.trim().split(" ");
        long start = Long.decode(words[0]);
        found.add(new Bar(start, Long.decode(words[1]) - start + 1, Long.decode(words[2])));
      }
      return found;
    } catch (IOException e) {
      throw FileErrors.exception(name + ": cannot read " + table, e);
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw new NetmapException(Libc.EIO, name + ": " + table + " is no table of BARs", e);
    }
  }

  private final class FilePorts implements IoPorts {
    private final int fd;
    private final long size;

    FilePorts(int fd, long size) {
      this.fd = fd;
      this.size = size;
    }

    @Override
    public long size() {
      return size;
    }

    @Override
    public int read32(int offset) {
      return access(offset, 0, false);
    }

    @Override
    public void write32(int offset, int value) {
      access(offset, value, true);
    }

    private int access(int offset, int value, boolean write) {
      IoPorts.check(name, offset, size);
      checkOpen();
      long memory = Mem.allocate(4);
      try {
        Mem.putInt(memory, value);
        if (write) {
          Libc.writeAt(fd, memory, 4, offset, "write of the I/O BAR");
        } else {
          Libc.readAt(fd, memory, 4, offset, "read of the I/O BAR");
        }
        return Mem.getInt(memory);
      } catch (LinuxException e) {
        throw gone(e);
      } finally {
        Mem.free(memory);
      }
    }
  }

  /** Whether bus mastering is on. False for a card that is gone, which reads all ones. */
  private boolean mastering() {
    if (closed) {
      return false;
    }
    try {
      int command = readConfig(PciRegs.COMMAND, 2);
      return command != ALL_ONES && (command & PciRegs.COMMAND_MASTER) != 0;
    } catch (NetmapException e) {
      if (Files.exists(place.folder)) {
        throw e;
      }
      return false;
    }
  }

  /**
   * Stops DMA: switches bus mastering off. Reading the register back makes sure that writes under
   * way have arrived.
   *
   * @throws NetmapException EIO bus mastering stays on
   */
  private void stopDma() {
    if (mastering()) {
      changeConfig(PciRegs.COMMAND, 2, PciRegs.COMMAND_MASTER, 0);
    }
    if (mastering()) {
      throw new NetmapException(
          Libc.EIO,
          String.format(
              Locale.ROOT,
              "%s: bus mastering stays on, the command register reads 0x%x: the card may still write to memory; reset"
                  + " the machine",
              name,
              readConfig(PciRegs.COMMAND, 2)));
    }
  }

  @Override
  public synchronized DmaBuffer allocateDma(long bytes) {
    checkOpen();
    return domain.allocate(bytes);
  }

  @Override
  public synchronized void freeDma(DmaBuffer buffer) {
    domain.free(buffer);
  }

  @Override
  public DmaDomain domain() {
    return domain;
  }

  @Override
  public int irqVectors() {
    return place.interrupts ? 1 : 0;
  }

  @Override
  public boolean irqMessages() {
    return false;
  }

  @Override
  public synchronized int[] enableIrqs(int count) {
    if (count < 0 || count > irqVectors()) {
      throw new NetmapException(
          Libc.EINVAL, count + " vectors asked for, " + name + " has " + irqVectors());
    }
    if (count == 0) {
      if (place.interrupts && !closed) {
        switchIrq(false);
      }
      return new int[0];
    }
    rearmIrq(0);
    return new int[] {uio};
  }

  @Override
  public synchronized void rearmIrq(int vector) {
    checkOpen();
    long count = Mem.allocate(4);
    try {
      Libc.tryRead(uio, count, 4); // how often it has fired; EAGAIN when it has not
    } finally {
      Mem.free(count);
    }
    switchIrq(true);
  }

  /** Switches the interrupt on or off. Both kernel drivers switch it off each time it fires. */
  private void switchIrq(boolean on) {
    if (place.controlled) {
      control(on ? 1 : 0);
    } else {
      changeConfig(
          PciRegs.COMMAND, 2, PciRegs.COMMAND_INTX_DISABLE, on ? 0 : PciRegs.COMMAND_INTX_DISABLE);
    }
  }

  private void control(int on) {
    long memory = Mem.allocate(4);
    try {
      Mem.putInt(memory, on);
      long written = Libc.tryWrite(uio, memory, 4);
      if (written != 4) {
        throw new NetmapException(
            Libc.EIO,
            name
                + ": "
                + place.node
                + " does not take "
                + on
                + " for its interrupt (errno "
                + -written
                + "): does the card have one? see 'interrupts' in lspci -v; wait = spin does without");
      }
    } finally {
      Mem.free(memory);
    }
  }

  /** The kernel restores the command register and the BARs. */
  @Override
  public boolean resetFunction() {
    checkOpen();
    Path reset = place.folder.resolve("reset");
    if (!Files.exists(reset)) {
      return false;
    }
    try {
      Files.writeString(reset, "1", StandardOpenOption.WRITE);
      return true;
    } catch (IOException e) {
      throw FileErrors.exception(name + ": cannot reset through " + reset, e);
    }
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    boolean stopped = quietly("bus mastering off", this::stopDma);
    quietly("interrupts off", () -> enableIrqs(0));
    domain.close(stopped || !Files.exists(place.folder));
    closed = true;
    unwind();
  }

  private boolean quietly(String what, Runnable step) {
    try {
      step.run();
      return true;
    } catch (NetmapException | LinuxException e) {
      LOG.warn("{}: {}: {}", name, what, e.getMessage());
      return false;
    }
  }

  private void unwind() {
    while (!undo.isEmpty()) {
      quietly("clean up", undo.pop());
    }
  }
}
