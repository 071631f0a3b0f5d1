package io.netmap4j.ixgbe;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.NicDevice;
import java.util.Locale;

/**
 * The NVM, read only, in words of 16 bits: by EERD, on an X540 under its semaphore, and on an X550
 * by a command to the firmware. docs/82599.md 3.4, docs/x540.md 5. Not thread safe.
 */
final class IxgbeNvm {
  private static final int CHECKSUM = 0x3f;
  private static final int SUM = 0xbaba;
  private static final int FIRST_POINTER = 0x03;
  private static final int FIRMWARE_POINTER = 0x0f;
  private static final int PHY_POINTER = 0x04;
  private static final int OPTION_ROM_POINTER = 0x05;
  private static final int PCIE_GENERAL_POINTER = 0x06;
  private static final int PCIE_GENERAL_WORDS = 0x24;
  private static final int PCIE_CONFIG0_POINTER = 0x07;
  private static final int PCIE_CONFIG1_POINTER = 0x08;
  private static final int PCIE_CONFIG_WORDS = 8;
  private static final int LAST_SUMMED_X550 = 0x41;

  /** Linux grants 100,000 times 5 us. */
  private static final int LIMIT_MILLIS = 500;

  private final NicDevice nic;
  private final IxgbeChip chip;
  private final IxgbeSemaphores semaphores;
  private final IxgbeHostInterface firmware;
  private final RegisterWait wait;

  IxgbeNvm(NicDevice nic, IxgbeChip chip, IxgbeSemaphores semaphores) {
    this.nic = nic;
    this.chip = chip;
    this.semaphores = semaphores;
    this.firmware = new IxgbeHostInterface(nic, semaphores);
    this.wait = new RegisterWait(nic);
  }

  /**
   * How many words EEC.SIZE says there are; reads beyond are refused here, as in Linux
   * (ixgbe_read_eerd_buffer_generic).
   */
  int words() {
    return 1 << (nic.read32(Reg.EEC) >>> Reg.EEC_SIZE_SHIFT & 0xf) + 6;
  }

  /**
   * The word at {@code offset}.
   *
   * @throws NetmapException EIO when it cannot be read; EINVAL beyond the end
   */
  int word(int offset) {
    return words(offset, 1)[0];
  }

  /** {@code count} words from {@code offset} on; else as {@link #word}. */
  int[] words(int offset, int count) {
    if (offset < 0 || offset + count > words()) {
      throw new NetmapException(
          Libc.EINVAL,
          String.format(
              Locale.ROOT,
              "%s: NVM words 0x%x to 0x%x are beyond its end, 0x%x",
              nic.name(),
              offset,
              offset + count - 1,
              words()));
    }
    int[] words = new int[count];
    switch (chip) {
      case CHIP_82599 -> byEerd(offset, words);
      case X540 -> semaphores.with(IxgbeSemaphores.EEP, () -> byEerd(offset, words));
      case X550 -> byFirmware(offset, words);
      default -> throw new AssertionError(chip);
    }
    return words;
  }

  private void byEerd(int offset, int[] to) {
    for (int i = 0; i < to.length; i++) {
      nic.write32(Reg.EERD, (offset + i) << 2 | Reg.EERD_START);
      if (!wait.poll(Reg.EERD, Reg.EERD_DONE, Reg.EERD_DONE, LIMIT_MILLIS)) {
        throw unreadable(offset + i, "EERD is", Reg.EERD);
      }
      to[i] = nic.read32(Reg.EERD) >>> 16;
    }
  }

  private void byFirmware(int offset, int[] to) {
    for (int i = 0; i < to.length; i += IxgbeHostInterface.MOST_WORDS) {
      int count = Math.min(to.length - i, IxgbeHostInterface.MOST_WORDS);
      if (!firmware.readNvm(offset + i, count, to, i)) {
        throw unreadable(offset + i, "the firmware does not answer, HICR is", Reg.HICR);
      }
    }
  }

  private NetmapException unreadable(int offset, String what, int register) {
    return new NetmapException(
        Libc.EIO,
        String.format(
            Locale.ROOT,
            "%s: NVM word 0x%x cannot be read: %s 0x%08x; power-cycle the machine, and if that does"
                + " not help, load the card's firmware anew (Intel's nvmupdate)",
            nic.name(),
            offset,
            what,
            nic.read32(register)));
  }

  /**
   * Refuses a card whose NVM is damaged, as Linux and DPDK do.
   *
   * @throws NetmapException EIO
   */
  void check() {
    int sum = checksum();
    int stored = word(CHECKSUM);
    if (sum != stored) {
      throw new NetmapException(
          Libc.EIO,
          String.format(
              Locale.ROOT,
              "%s: the NVM's checksum (word 0x3f) is 0x%04x, and should be 0x%04x: the card's"
                  + " settings are damaged; load its firmware anew (Intel's nvmupdate)",
              nic.name(),
              stored,
              sum));
    }
  }

  /** What word 0x3F should be (ixgbe_calc_eeprom_checksum_generic, _X540, _X550). */
  int checksum() {
    int[] head = words(0, chip.x550() ? LAST_SUMMED_X550 + 1 : CHECKSUM);
    int sum = 0;
    for (int i = 0; i < head.length; i++) {
      sum += i == CHECKSUM ? 0 : head[i];
    }
    for (int i = FIRST_POINTER; i < FIRMWARE_POINTER; i++) {
      if (!chip.copper() || i != PHY_POINTER && i != OPTION_ROM_POINTER) {
        sum += section(i, head[i]);
      }
    }
    return SUM - sum & 0xffff;
  }

  private int section(int number, int pointer) {
    if (pointer == 0 || pointer >= words()) { // 0xffff: none
      return 0;
    }
    int first = pointer;
    int length = fixedLength(number);
    if (length == 0) {
      length = word(first++);
      if (length == 0xffff || pointer + length >= words()) {
        return 0;
      }
    } else if (pointer + length > words()) {
      return 0;
    }
    int sum = 0;
    for (int word : words(first, length)) {
      sum += word;
    }
    return sum;
  }

  private int fixedLength(int number) {
    if (!chip.x550()) {
      return 0;
    }
    return switch (number) {
      case PCIE_GENERAL_POINTER -> PCIE_GENERAL_WORDS;
      case PCIE_CONFIG0_POINTER, PCIE_CONFIG1_POINTER -> PCIE_CONFIG_WORDS;
      default -> 0;
    };
  }
}
