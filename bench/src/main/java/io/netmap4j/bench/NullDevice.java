package io.netmap4j.bench;

import io.netmap4j.linux.Mem;
import io.netmap4j.linux.Order;
import io.netmap4j.linux.PciId;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.DmaDomain;
import io.netmap4j.spi.DmaMapping;
import io.netmap4j.spi.NicDevice;
import java.util.ArrayList;
import java.util.List;

/**
 * A device that does nothing: registers are plain memory, doorbells are stores, descriptors are
 * completed by whoever measures. So a figure taken on it is the driver's alone: no PCIe, no model.
 */
public final class NullDevice implements NicDevice {
  private static final int CSR_BYTES = 128 << 10;
  private static final int CTRL = 0x0;
  private static final int STATUS = 0x8;
  private static final int EEC = 0x10010;
  private static final int FWSM = 0x10148;
  private static final int RDRXCTL = 0x2f00;
  private static final int LINKS = 0x42a4;
  private static final int SECRXSTAT = 0x8d04;
  private static final long IOVA_OFFSET = 1L << 40;

  private final long registers = Mem.allocate(CSR_BYTES);
  private final List<DmaBuffer> buffers = new ArrayList<>();

  /** Makes a device that is up and idle. */
  public NullDevice() {
    Mem.putInt(registers + EEC, 1 << 8 | 1 << 9);
    Mem.putInt(registers + FWSM, 0x8040); // valid, pass-through
    Mem.putInt(registers + RDRXCTL, 1 << 3);
    Mem.putInt(registers + LINKS, 7 << 28);
    Mem.putInt(registers + SECRXSTAT, 1);
  }

  /** Descriptor memory, in the order in which the driver asked for it: TX rings, then RX rings. */
  public long descriptors(int i) {
    return buffers.get(i).address();
  }

  /** The device's address of a byte of a region. */
  public static long deviceAddress(long offset) {
    return IOVA_OFFSET + offset;
  }

  @Override
  public String name() {
    return "null:0";
  }

  @Override
  public PciId id() {
    return new PciId(0x8086, 0x10fb, 0, 0, 0x020000, 1);
  }

  @Override
  public int read32(int register) {
    return Order.readRegister(registers + register);
  }

  @Override
  public void write32(int register, int value) {
    if (register != CTRL
        && register != STATUS
        && register != EEC) { // resets are over at once, DMA is always idle
      Order.writeRegister(registers + register, value);
    }
  }

  @Override
  public long mappedRegister(int register) {
    return registers + register;
  }

  @Override
  public int readConfig(int offset, int bytes) {
    return 0;
  }

  @Override
  public void writeConfig(int offset, int bytes, int value) {}

  @Override
  public DmaBuffer allocateDma(long bytes) {
    long raw = Mem.allocate(bytes + 4096);
    long address = raw + 4095 & ~4095L;
    DmaBuffer buffer = new DmaBuffer(address, address + IOVA_OFFSET, bytes);
    buffers.add(buffer);
    return buffer;
  }

  @Override
  public void freeDma(DmaBuffer buffer) {}

  @Override
  public DmaDomain domain() {
    return NullDevice::map;
  }

  private static DmaMapping map(Region region) {
    long[] pages = new long[(int) (region.size() >>> DmaMapping.PAGE_SHIFT)];
    for (int i = 0; i < pages.length; i++) {
      pages[i] = deviceAddress(i * DmaMapping.PAGE);
    }
    return new DmaMapping(pages, () -> {});
  }

  @Override
  public int irqVectors() {
    return 0;
  }

  @Override
  public int[] enableIrqs(int count) {
    return new int[0];
  }

  @Override
  public boolean irqMessages() {
    return true;
  }

  @Override
  public void rearmIrq(int vector) {}

  @Override
  public boolean resetFunction() {
    return false;
  }

  @Override
  public void close() {}
}
