package io.netmap4j.model.pci;

import io.netmap4j.model.registers.Chip;
import java.util.Arrays;

/**
 * 4 KiB of configuration space: for each byte a value, the bits that a write stores and the bits
 * that a one clears (docs/82599.md 1.1 to 1.4). The SR-IOV capability of real cards is left out:
 * there are no virtual functions here. For who holds the card's lock.
 */
public final class PciConfig {
  public static final int SIZE = 4096;
  private static final int COMMAND = 0x04;
  private static final int PMCSR = 0x44;
  private static final int MSI = 0x50;
  private static final int MSIX = 0x70;
  private static final int PCIE = 0xA0;
  private static final int VPD = 0xE0;
  private static final int BAR0_BYTES = 512 << 10;

  /** Of BAR 2, where a chip has it. */
  public static final int IO_BYTES = 32;

  private final int deviceId;
  private final Chip chip;
  private final int lanId;
  private final long mac;
  private final Runnable functionReset;
  private final byte[] values = new byte[SIZE];
  private final byte[] writable = new byte[SIZE];
  private final byte[] onesClear = new byte[SIZE];

  /**
   * @param functionReset what FLR and the way back from D3 ask for
   */
  public PciConfig(int deviceId, int lanId, long mac, Runnable functionReset) {
    this.deviceId = deviceId;
    this.chip = Chip.of(deviceId);
    this.lanId = lanId;
    this.mac = mac;
    this.functionReset = functionReset;
    header();
    capabilities();
    extended();
  }

  private void header() {
    put(0x00, deviceId << 16 | 0x8086, 0);
    // I/O, memory, bus master, parity, SERR, INTx disable; status: capability list, errors W1C.
    put(COMMAND, 0x00100000, 0x0547);
    onesClear[0x07] = (byte) 0xF9;
    put(0x08, 0x02000001, 0);
    put(0x0C, 0x00800000, 0xFF);
    put(0x10, 0xC, -BAR0_BYTES);
    put(0x14, 0, -1);
    if (chip.ioBar()) {
      put(0x18, 0x1, -IO_BYTES);
    }
    put(0x20, 0xC, -MsixTable.SIZE);
    put(0x24, 0, -1);
    put(0x2C, 0x00038086, 0);
    put(0x34, 0x40, 0);
    put(0x3C, 1 + lanId << 8, 0xFF);
  }

  private void capabilities() {
    put(0x40, 0x48235001, 0);
    put(PMCSR, 0x2000, 0x1F03);
    onesClear[PMCSR + 1] = (byte) 0x80;
    put(MSI, 0x01807005, 0x00710000);
    put(MSI + 0x04, 0, ~3);
    put(MSI + 0x08, 0, -1);
    put(MSI + 0x0C, 0, 0xFFFF);
    put(MSI + 0x10, 0, 1);
    put(MSIX, 0x003FA011, 0xC0000000);
    put(MSIX + 4, 0x00000004, 0);
    put(MSIX + 8, 0x00002004, 0);
    boolean vpd = chip != Chip.X540;
    put(PCIE, vpd ? 0x0002E010 : 0x00020010, 0);
    put(PCIE + 0x04, 0x10008CC2, 0);
    // Nothing is pending, ever: TransPending is status bit 5.
    put(PCIE + 0x08, 0x00002810, 0xFFFF);
    onesClear[PCIE + 0x0A] = 0x0F;
    // 5 GT/s and 8 lanes; 8 GT/s and 4.
    boolean fast = chip == Chip.X550;
    put(PCIE + 0x0C, fast ? 0x00023443 : 0x00023482, 0);
    put(PCIE + 0x10, fast ? 0x10430000 : 0x10820000, 0x01FB);
    put(PCIE + 0x24, 0x1F, 0);
    put(PCIE + 0x28, 0, 0x1F);
    // 2.5 to 8 GT/s: a card of the older PCIe 2.0 has 0 here.
    put(PCIE + 0x2C, fast ? 0xE : 0, 0);
    put(PCIE + 0x30, fast ? 0x0003 : 0x0002, 0xFFFF);
    if (vpd) {
      put(VPD, 0x00000003, 0xFFFF0000);
    }
  }

  private void extended() {
    // An X540 has no serial number (docs/82599.md 1.3).
    boolean serial = chip != Chip.X540;
    put(0x100, serial ? 0x14010001 : 0x15010001, 0);
    put(0x108, 0, -1);
    put(0x10C, 0x00062030, -1);
    put(0x114, 0x00002000, -1);
    for (int i = 0; i < 4; i++) {
      onesClear[0x104 + i] = (byte) 0xFF;
      onesClear[0x110 + i] = (byte) 0xFF;
    }
    if (serial) {
      put(0x140, 0x15010003, 0);
      // The MAC address with FF FF in the middle.
      put(0x144, (int) (0xFFL << 24 | mac & 0xFFFFFF), 0);
      put(0x148, (int) (mac >>> 24 << 8 | 0xFF), 0);
    }
    put(0x150, 0x0001000E, 0);
    put(0x154, lanId == 0 ? 0x100 : 0, 0);
  }

  private void put(int offset, int value, int mask) {
    for (int i = 0; i < 4; i++) {
      values[offset + i] = (byte) (value >>> 8 * i);
      writable[offset + i] = (byte) (mask >>> 8 * i);
    }
  }

  /** Reads 1, 2 or 4 bytes, zero extended. */
  public int read(int offset, int bytes) {
    check(offset, bytes);
    int value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (values[offset + i] & 0xFF) << 8 * i;
    }
    return value;
  }

  public void write(int offset, int bytes, int value) {
    check(offset, bytes);
    int power = values[PMCSR] & 3;
    for (int i = 0; i < bytes; i++) {
      writeByte(offset + i, value >>> 8 * i & 0xFF);
    }
    if ((values[PCIE + 9] & 0x80) != 0 || (power != 0 && (values[PMCSR] & 3) == 0)) {
      // FLR, or D3 to D0 where NoSoftRst is 0: config space as after power-on, then the card.
      reset();
      functionReset.run();
    }
    if (chip != Chip.X540 && covers(offset, bytes, VPD + 3) && (values[VPD + 3] & 0x80) == 0) {
      // A VPD read ends at once, and gives the end tag: there is no VPD.
      values[VPD + 3] |= (byte) 0x80;
      put(VPD + 4, 0x00000078, 0);
    }
  }

  private static boolean covers(int offset, int bytes, int byteAt) {
    return byteAt >= offset && byteAt < offset + bytes;
  }

  private void writeByte(int at, int value) {
    int kept = values[at] & ~writable[at] & ~(onesClear[at] & value);
    values[at] = (byte) (kept | value & writable[at]);
  }

  private static void check(int offset, int bytes) {
    if ((bytes != 1 && bytes != 2 && bytes != 4) || offset < 0 || offset > SIZE - bytes) {
      throw new IllegalArgumentException(
          bytes + " bytes of configuration space at 0x" + Integer.toHexString(offset));
    }
  }

  /** As after power-on. */
  public void reset() {
    Arrays.fill(values, (byte) 0);
    header();
    capabilities();
    extended();
  }

  /** Command bit 2, in D0: the card may read and write memory. */
  public boolean busMaster() {
    return (values[COMMAND] & 4) != 0 && (values[PMCSR] & 3) == 0;
  }

  /** Command bit 0, in D0: BAR 2 answers. */
  public boolean ioEnabled() {
    return (values[COMMAND] & 1) != 0 && (values[PMCSR] & 3) == 0;
  }

  public boolean intxDisabled() {
    return (values[COMMAND + 1] & 4) != 0;
  }

  public boolean msixEnabled() {
    return (values[MSIX + 3] & 0x80) != 0;
  }

  /** The function mask of MSI-X. */
  public boolean msixMasked() {
    return (values[MSIX + 3] & 0x40) != 0;
  }

  /** MSI or MSI-X takes the place of INTx. */
  public boolean messageSignalled() {
    return msixEnabled() || (values[MSI + 2] & 1) != 0;
  }

  /**
   * Status bit 13: a read of ours was answered with "unsupported request". It stays until cleared.
   */
  public void masterAbort() {
    values[COMMAND + 3] |= 0x20;
  }

  /** Status bit 3. */
  public void interruptStatus(boolean pending) {
    values[COMMAND + 2] = (byte) (values[COMMAND + 2] & ~8 | (pending ? 8 : 0));
  }
}
