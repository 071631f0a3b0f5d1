package io.netmap4j.model;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.PciId;
import io.netmap4j.model.dma.DeviceMemory;
import io.netmap4j.model.pci.InterruptSink;
import io.netmap4j.model.pci.MsixTable;
import io.netmap4j.model.pci.PciConfig;
import io.netmap4j.spi.DmaDomain;
import io.netmap4j.spi.NicDevice;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * A modelled card as a device of this process. Every access goes through the model's rules, so no
 * register has an address. The function is reset when it is opened and when it is closed, as
 * vfio-pci does.
 */
public final class ModelDevice implements NicDevice {
  private static final int COMMAND = 0x04;
  private static final int MEMORY_AND_MASTER = 0x6;
  private static final int DEVICE_CONTROL = 0xA8;
  private static final int FUNCTION_RESET = 1 << 15;
  private static final int MSIX_CONTROL = 0x72;
  private static final int MSIX_ENABLE = 1 << 15;

  private final Nic82599 card;
  private final ModelDomain domain;
  private final String name;
  private final boolean messages;
  private final Runnable onClose;
  private final Map<DmaBuffer, Long> buffers = new HashMap<>();
  private volatile boolean closed;
  private int[] irqs = {};
  private Line line;

  private ModelDevice(
      Nic82599 card, ModelDomain domain, String name, boolean messages, Runnable onClose) {
    this.card = card;
    this.messages = messages;
    this.domain = domain;
    this.name = name;
    this.onClose = onClose;
  }

  /**
   * Opens a card for exclusive use. A {@link ModelRunner} must run its engines.
   *
   * @throws NetmapException EBUSY while it is open
   */
  public static ModelDevice open(Nic82599 card, ModelDomain domain, String name) {
    return open(card, domain, name, true, () -> {});
  }

  /** As {@link #open}, on a machine without MSI-X: one vector, the INTx line. */
  public static ModelDevice openWithLine(Nic82599 card, ModelDomain domain, String name) {
    return open(card, domain, name, false, () -> {});
  }

  static ModelDevice open(
      Nic82599 card, ModelDomain domain, String name, boolean messages, Runnable onClose) {
    if (card.readConfig(0, 2) == 0xFFFF) {
      throw new NetmapException(
          Libc.ENXIO, name + " is gone: configuration space reads all ones; plug it in");
    }
    if (!card.claim()) {
      throw new NetmapException(
          Libc.EBUSY,
          name + " is open already: close it first, or open it once and share the port");
    }
    ModelDevice device = new ModelDevice(card, domain, name, messages, onClose);
    domain.attach(card);
    card.writeConfig(DEVICE_CONTROL, 2, FUNCTION_RESET);
    card.writeConfig(COMMAND, 2, MEMORY_AND_MASTER);
    return device;
  }

  private void checkOpen() {
    if (closed) {
      throw new NetmapException(Libc.ENXIO, name + " is closed");
    }
  }

  /** The card behind the device: its bill, log, violations and cable. */
  public Nic82599 card() {
    return card;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public PciId id() {
    return idOf(card);
  }

  static PciId idOf(Nic82599 card) {
    return new PciId(
        card.readConfig(0x00, 2),
        card.readConfig(0x02, 2),
        card.readConfig(0x2C, 2),
        card.readConfig(0x2E, 2),
        card.readConfig(0x08, 4) >>> 8,
        card.readConfig(0x08, 1));
  }

  @Override
  public int read32(int register) {
    checkOpen();
    return card.read(register);
  }

  @Override
  public void write32(int register, int value) {
    checkOpen();
    card.write(register, value);
  }

  @Override
  public long mappedRegister(int register) {
    return 0;
  }

  @Override
  public int readConfig(int offset, int bytes) {
    checkOpen();
    return card.readConfig(offset, bytes);
  }

  @Override
  public void writeConfig(int offset, int bytes, int value) {
    checkOpen();
    card.writeConfig(offset, bytes, value);
  }

  @Override
  public IoPorts ioPorts() {
    checkOpen();
    return card.options().chip().ioBar() ? new Ports() : null;
  }

  private final class Ports implements IoPorts {
    @Override
    public long size() {
      return PciConfig.IO_BYTES;
    }

    @Override
    public int read32(int offset) {
      checkOpen();
      IoPorts.check(name, offset, PciConfig.IO_BYTES);
      return card.readIo(offset);
    }

    @Override
    public void write32(int offset, int value) {
      checkOpen();
      IoPorts.check(name, offset, PciConfig.IO_BYTES);
      card.writeIo(offset, value);
    }
  }

  @Override
  public synchronized DmaBuffer allocateDma(long bytes) {
    checkOpen();
    if (bytes <= 0) {
      throw new NetmapException(Libc.EINVAL, bytes + " bytes of DMA memory asked for");
    }
    long size = (bytes + DeviceMemory.PAGE - 1) & -DeviceMemory.PAGE;
    long raw = Mem.allocate(size + DeviceMemory.PAGE);
    long address = (raw + DeviceMemory.PAGE - 1) & -DeviceMemory.PAGE;
    long iova = domain.reserve(size);
    card.memory().map(iova, size, address);
    DmaBuffer buffer = new DmaBuffer(address, iova, bytes);
    buffers.put(buffer, raw);
    return buffer;
  }

  @Override
  public synchronized void freeDma(DmaBuffer buffer) {
    Long raw = buffers.remove(buffer);
    if (raw == null) {
      throw new NetmapException(Libc.EINVAL, buffer + " is not a buffer of " + name);
    }
    release(buffer, raw);
  }

  private void release(DmaBuffer buffer, long raw) {
    card.memory()
        .unmap(buffer.iova(), (buffer.size() + DeviceMemory.PAGE - 1) & -DeviceMemory.PAGE);
    Mem.free(raw);
  }

  @Override
  public DmaDomain domain() {
    return domain;
  }

  @Override
  public int irqVectors() {
    return messages ? MsixTable.VECTORS : 1;
  }

  @Override
  public boolean irqMessages() {
    return messages;
  }

  @Override
  public synchronized int[] enableIrqs(int count) {
    checkOpen();
    if (count < 0 || count > irqVectors()) {
      throw new NetmapException(
          Libc.EINVAL, count + " vectors asked for, " + name + " has " + irqVectors());
    }
    disableIrqs();
    if (count == 0) {
      return new int[0];
    }
    int[] fds = new int[count];
    Arrays.fill(fds, -1);
    irqs = fds;
    for (int i = 0; i < count; i++) {
      fds[i] = Libc.eventFd();
    }
    card.connectInterrupts(sink(), count);
    if (messages) {
      card.writeConfig(MSIX_CONTROL, 2, MSIX_ENABLE);
    }
    return fds.clone();
  }

  private InterruptSink sink() {
    line = messages ? null : new Line(irqs[0]);
    return messages ? new Messages(irqs) : line;
  }

  @Override
  public synchronized void rearmIrq(int vector) {
    checkOpen();
    Libc.drain(irqs[vector]);
    if (line != null) {
      line.unmask();
    }
  }

  private void disableIrqs() {
    card.writeConfig(MSIX_CONTROL, 2, 0);
    // When this returns, nothing signals the descriptors any more.
    card.connectInterrupts(InterruptSink.NONE, 0);
    for (int fd : irqs) {
      if (fd >= 0) {
        Libc.closeFd(fd);
      }
    }
    irqs = new int[0];
  }

  private static final class Messages implements InterruptSink {
    private final int[] fds;

    Messages(int[] fds) {
      this.fds = fds;
    }

    @Override
    public void fire(int vector) {
      if (vector < fds.length) {
        Libc.signal(fds[vector]);
      }
    }

    @Override
    public void intx(boolean asserted) {}
  }

  /** The line as a kernel delivers it: masked when it has fired, until it is unmasked. */
  private static final class Line implements InterruptSink {
    private final int fd;
    private boolean asserted;
    private boolean masked;

    Line(int fd) {
      this.fd = fd;
    }

    @Override
    public void fire(int vector) {}

    @Override
    public synchronized void intx(boolean on) {
      asserted = on;
      deliver();
    }

    synchronized void unmask() {
      masked = false;
      deliver();
    }

    private void deliver() {
      if (asserted && !masked) {
        masked = true;
        Libc.signal(fd);
      }
    }
  }

  /**
   * Resets the function; the kernel's way, so that the command register and the interrupts are as
   * before.
   */
  @Override
  public synchronized boolean resetFunction() {
    checkOpen();
    int command = card.readConfig(COMMAND, 2);
    int msix = card.readConfig(MSIX_CONTROL, 2);
    card.writeConfig(DEVICE_CONTROL, 2, FUNCTION_RESET);
    card.writeConfig(COMMAND, 2, command);
    if (irqs.length > 0) {
      card.connectInterrupts(sink(), irqs.length);
      card.writeConfig(MSIX_CONTROL, 2, msix);
    }
    return true;
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    card.writeConfig(COMMAND, 2, 0);
    disableIrqs();
    card.writeConfig(DEVICE_CONTROL, 2, FUNCTION_RESET);
    buffers.forEach(this::release);
    buffers.clear();
    domain.detach(card);
    card.release();
    onClose.run();
  }
}
