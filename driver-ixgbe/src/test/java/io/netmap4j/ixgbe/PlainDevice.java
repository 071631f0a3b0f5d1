package io.netmap4j.ixgbe;

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
 * A device whose registers are plain memory and whose descriptors the test writes back, one step at
 * a time: for tests that compare every word that the driver writes.
 */
class PlainDevice implements NicDevice {
  private static final int BYTES = 128 << 10;
  private static final int CTRL = 0x0;
  private static final int STATUS = 0x8;
  private static final int EEC = 0x10010;
  private static final long IOVA = 1L << 40;

  private final int id;
  private final long registers = Mem.allocate(BYTES);
  private final List<DmaBuffer> buffers = new ArrayList<>();

  PlainDevice() {
    this(0x10fb);
  }

  /**
   * @param id of the device
   */
  PlainDevice(int id) {
    this.id = id;
    Mem.putInt(registers + EEC, 1 << 8 | 1 << 9); // NVM present and read
    Mem.putInt(registers + 0x10148, 1 << 15); // FWSM: firmware valid
    Mem.putInt(registers + 0x2f00, 1 << 3); // DMAIDONE
    Mem.putInt(registers + 0x42a4, 7 << 28); // LINKS: up
    Mem.putInt(registers + 0x8d04, 1); // SECRX_RDY
  }

  /** The descriptors of TX ring 0. */
  long txDescs() {
    return buffers.get(0).address();
  }

  /** The descriptors of RX ring 0. */
  long rxDescs() {
    return buffers.get(1).address();
  }

  /** What device address the buffer has. */
  static long iova(Region region, int index) {
    return IOVA + region.bufOffset() + (long) index * region.bufSize();
  }

  @Override
  public String name() {
    return "plain:0";
  }

  @Override
  public PciId id() {
    return new PciId(0x8086, id, 0, 0, 0x020000, 1);
  }

  @Override
  public int read32(int register) {
    return Order.readRegister(registers + register);
  }

  @Override
  public void write32(int register, int value) {
    if (register != CTRL && register != STATUS && register != EEC) { // a reset is over at once
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
    buffers.add(new DmaBuffer(address, address + IOVA, bytes));
    return buffers.get(buffers.size() - 1);
  }

  @Override
  public void freeDma(DmaBuffer buffer) {}

  @Override
  public DmaDomain domain() {
    return region -> {
      long[] pages = new long[(int) (region.size() >>> DmaMapping.PAGE_SHIFT)];
      for (int i = 0; i < pages.length; i++) {
        pages[i] = IOVA + i * DmaMapping.PAGE;
      }
      return new DmaMapping(pages, () -> {});
    };
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
