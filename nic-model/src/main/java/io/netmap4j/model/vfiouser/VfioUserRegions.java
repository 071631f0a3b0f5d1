package io.netmap4j.model.vfiouser;

import static io.netmap4j.model.vfiouser.VfioUser.*;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.pci.MsixTable;
import io.netmap4j.model.pci.PciConfig;

/**
 * The card's regions as VFIO numbers them, and accesses to them. For the session's thread.
 *
 * <p>Registers are words of 32 bits: a longer access is a row of words from the lowest address on,
 * a shorter read gets its part of the word, and a shorter write is refused, as it would have to
 * invent the rest.
 */
final class VfioUserRegions {
  private static final int COMMAND = 0x04;
  private static final int STATUS = 0x06;
  private static final int INTERRUPT_STATUS = 1 << 3;
  private static final int PMCSR = 0x44;
  private static final int DEVICE_CONTROL = 0xA8;
  private static final int FUNCTION_RESET = 1 << 15;

  /**
   * What the kernel's vfio-pci saves and restores around a reset, as offset and bytes: command,
   * cache line, BARs, interrupt line, MSI, MSI-X, device control 1 and 2, link control, AER's
   * masks.
   */
  private static final int[][] SAVED = {
    {0x0C, 1}, {0x10, 4}, {0x14, 4}, {0x18, 4}, {0x20, 4}, {0x24, 4}, {0x3C, 1}, {0x54, 4},
    {0x58, 4}, {0x5C, 2}, {0x60, 4}, {0x52, 2}, {0x72, 2}, {0xA8, 2}, {0xB0, 2}, {0xC8, 2},
    {0x108, 4}, {0x10C, 4}, {0x114, 4}, {COMMAND, 2},
  };

  private final Nic82599 card;
  private final VfioUserIrqs irqs;
  private final long[] sizes;

  VfioUserRegions(Nic82599 card, VfioUserIrqs irqs) {
    int io = card.options().chip().ioBar() ? PciConfig.IO_BYTES : 0;
    this.sizes = new long[] {512 << 10, 0, io, 0, MsixTable.SIZE, 0, 0, PciConfig.SIZE, 0};
    this.card = card;
    this.irqs = irqs;
  }

  /** Size of a region; 0 for one that this card does not have. */
  long size(int region) {
    return sizes[region];
  }

  /**
   * @return 0 or a negative errno
   * @throws RuntimeException what the card found
   */
  int read(int region, long offset, int count, long to) {
    if (!within(region, offset, count)) {
      return -Libc.EINVAL;
    }
    int at = (int) offset;
    if (region == CONFIG) {
      readConfig(at, count, to);
      return 0;
    }
    if (((at | count) & 3) == 0) {
      for (int i = 0; i < count; i += 4) {
        Mem.putInt(to + i, readWord(region, at + i));
      }
      return 0;
    }
    if (count > 2 || (at & count - 1) != 0) {
      return -Libc.EINVAL;
    }
    int word = readWord(region, at & ~3) >>> 8 * (at & 3);
    Mem.putByte(to, (byte) word);
    if (count == 2) {
      Mem.putByte(to + 1, (byte) (word >>> 8));
    }
    return 0;
  }

  /** As {@link #read}. */
  int write(int region, long offset, int count, long from) {
    if (!within(region, offset, count)) {
      return -Libc.EINVAL;
    }
    int at = (int) offset;
    if (region == CONFIG) {
      writeConfig(at, count, from);
      return 0;
    }
    if (((at | count) & 3) != 0) {
      return -Libc.EINVAL;
    }
    for (int i = 0; i < count; i += 4) {
      writeWord(region, at + i, Mem.getInt(from + i));
    }
    return 0;
  }

  private boolean within(int region, long offset, int count) {
    return region >= 0
        && region < REGIONS
        && count > 0
        && offset >= 0
        && offset <= sizes[region] - count;
  }

  private int readWord(int region, int offset) {
    return switch (region) {
      case BAR0 -> card.read(offset);
      case BAR4 -> card.readMsix(offset);
      default -> card.readIo(offset);
    };
  }

  private void writeWord(int region, int offset, int value) {
    switch (region) {
      case BAR0 -> card.write(offset, value);
      case BAR4 -> card.writeMsix(offset, value);
      default -> card.writeIo(offset, value);
    }
  }

  // Configuration space: any bytes.

  /** The longest access of 4, 2 or 1 bytes that is aligned and within {@code left}. */
  private static int step(int at, int left) {
    return (at & 3) == 0 && left >= 4 ? 4 : (at & 1) == 0 && left >= 2 ? 2 : 1;
  }

  private void readConfig(int at, int count, long to) {
    for (int i = 0; i < count; ) {
      int bytes = step(at + i, count - i);
      int value = card.readConfig(at + i, bytes);
      for (int b = 0; b < bytes; b++, i++) {
        Mem.putByte(to + i, (byte) (value >>> 8 * b));
      }
    }
    if (touches(at, count, STATUS) && irqs.lineHeld()) {
      long status = to + STATUS - at;
      Mem.putByte(status, (byte) (Mem.getByte(status) | INTERRUPT_STATUS));
    }
  }

  private void writeConfig(int at, int count, long from) {
    boolean mayReset = touches(at, count, PMCSR) || touches(at, count, DEVICE_CONTROL + 1);
    int[] saved = mayReset ? save() : null;
    boolean wasAsleep = mayReset && asleep();
    boolean reset = false;
    for (int i = 0; i < count; ) {
      int bytes = step(at + i, count - i);
      int value = 0;
      for (int b = 0; b < bytes; b++, i++) {
        value |= (Mem.getByte(from + i) & 0xFF) << 8 * b;
      }
      int offset = at + i - bytes;
      card.writeConfig(offset, bytes, value);
      if (touches(offset, bytes, DEVICE_CONTROL + 1)) {
        reset |= (value >>> 8 * (DEVICE_CONTROL + 1 - offset) & 0x80) != 0;
      }
    }
    if (mayReset && (reset || (wasAsleep && !asleep()))) {
      restore(saved);
    }
  }

  private static boolean touches(int at, int count, int byteAt) {
    return byteAt >= at && byteAt < at + count;
  }

  /** In D1 to D3: the way back to D0 is a reset, too. */
  private boolean asleep() {
    return (card.readConfig(PMCSR, 2) & 3) != 0;
  }

  /**
   * Resets the function. Configuration and interrupts are as before afterwards, as after vfio-pci's
   * VFIO_DEVICE_RESET; registers are not.
   */
  void reset() {
    int[] saved = save();
    card.writeConfig(DEVICE_CONTROL, 2, FUNCTION_RESET);
    restore(saved);
  }

  private int[] save() {
    int[] saved = new int[SAVED.length];
    for (int i = 0; i < saved.length; i++) {
      saved[i] = card.readConfig(SAVED[i][0], SAVED[i][1]);
    }
    return saved;
  }

  private void restore(int[] saved) {
    for (int i = 0; i < saved.length; i++) {
      card.writeConfig(SAVED[i][0], SAVED[i][1], saved[i]);
    }
    irqs.restore();
  }

  /** The client has gone: nothing of it stays, and the card no longer reaches memory. */
  void forget() {
    card.writeConfig(COMMAND, 2, 0);
    card.writeConfig(DEVICE_CONTROL, 2, FUNCTION_RESET);
  }
}
