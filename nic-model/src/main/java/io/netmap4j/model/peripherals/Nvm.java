package io.netmap4j.model.peripherals;

import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.link.ModuleKind;
import io.netmap4j.model.registers.Chip;
import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterMap82599;
import java.util.Arrays;

/**
 * The EEPROM, readable through EERD, writable through EEWR, with the checksum and the firmware
 * words that drivers insist on (docs/82599.md 3.4, 10.5 item 3). An X550's is for {@link
 * HostInterface} to read. For who holds the card's lock.
 */
public final class Nvm {
  private static final int LAST_SUMMED_X550 = 0x41;
  private static final int CHECKSUM_WORD = 0x3F;
  private static final int CHECKSUM_SUM = 0xBABA;
  private static final int NONE = 0xFFFF;
  private static final int LIST = 0x60;
  private static final int LESM = 0x5A;
  private static final ModuleKind.Class[] LISTED = {
    ModuleKind.Class.DIRECT_ATTACH, ModuleKind.Class.OPTICAL
  };
  private static final int START = 1;
  private static final int DONE = 2;
  private static final int EEC_REQ = 1 << 6;
  private static final int EEC_GNT = 1 << 7;
  private static final int EEC_SIZE = 0xF << 11;
  private static final int EEC_FLUP = 1 << 23;
  private static final int EEC_FLUDONE = 1 << 26;
  private static final int EEC = RegisterMap82599.find("EEC").offset();

  private final RegisterFile registers;
  private final Chip chip;
  private final int[] words;

  public Nvm(RegisterFile registers, long mac, LinkOptions link) {
    this.registers = registers;
    this.chip = registers.chip();
    this.words = new int[chip.nvmWords()];
    image(mac, link);
    int eerd = RegisterMap82599.find("EERD").offset();
    int eewr = RegisterMap82599.find("EEWR").offset();
    registers.onWrite("EERD", (i, value) -> read(eerd, value));
    registers.onWrite("EEWR", (i, value) -> program(eewr, value));
    registers.onWrite("EEC", (i, value) -> grant(value));
  }

  private void image(long mac, LinkOptions link) {
    Arrays.fill(words, 0x03, 0x0F, NONE);
    for (int word : new int[] {0x15, 0x16, 0x17, 0x1B, 0x26, 0x27, 0x28, 0x2B, 0x2D, 0x2E}) {
      words[word] = NONE;
    }
    for (int i = 0; i < 3; i++) {
      int first = (int) (mac >>> 40 - 16 * i) & 0xFF;
      int second = (int) (mac >>> 32 - 16 * i) & 0xFF;
      words[i] = second << 8 | first;
    }
    // A section, so that a checksum has one to follow.
    words[0x09] = 0x80;
    words[0x80] = 2;
    words[0x81] = 0x1234;
    words[0x82] = 0x0042;
    // Firmware: module pointer, version pointer, a version above 5.
    words[0x0F] = 0x40;
    words[0x44] = 0x50;
    words[0x57] = 6;
    if (link.nvm().lesm()) {
      words[0x42] = LESM;
      words[LESM + 1] = 1 << 15;
    }
    // No FCoE; any SFP, and no crosstalk fix, unless told otherwise.
    words[0x2C] = 0x0002 | (link.nvm().anyModule() ? 1 : 0) | (link.nvm().crosstalk() ? 0 : 1 << 7);
    if (!chip.copper() && link.module() != ModuleKind.SILENT && link.nvm().sequences()) {
      moduleList();
    }
    if (chip.copper()) {
      copperSections();
    }
    int wrong = link.nvm().checksum() ? 0 : 1;
    words[CHECKSUM_WORD] = CHECKSUM_SUM - sum() + wrong & 0xFFFF;
  }

  /** What to write to CORECTL for each class of module on each port (docs/82599.md 3.5). */
  private void moduleList() {
    words[0x2B] = LIST;
    int entry = LIST + 1;
    int sequence = LIST + 0x10;
    int module = 3;
    for (ModuleKind.Class kind : LISTED) {
      for (int port = 0; port < 2; port++) {
        words[entry++] = module++;
        words[entry++] = sequence;
        words[sequence++] = 2;
        for (int word : AnalogWords.of(kind, port)) {
          words[sequence++] = word;
        }
        words[sequence++] = NONE;
      }
    }
    words[entry] = NONE;
  }

  /** What the sums of the X540 and of the X550 leave out, or take in another length. */
  private void copperSections() {
    words[0x04] = section(0x100, 2);
    words[0x05] = section(0x110, 3);
    if (chip == Chip.X550) {
      // Word 2 is a pointer, too.
      words[0x02] = NONE;
      words[0x06] = section(0x120, 0x40);
      words[0x07] = section(0x170, 0x40);
      words[0x08] = section(0x1C0, 0x40);
    }
  }

  /** A section of {@code length} words, none of them 0. @return where it is */
  private int section(int at, int length) {
    words[at] = length;
    for (int i = 1; i <= length; i++) {
      words[at + i] = 0x0101 * i;
    }
    return at;
  }

  private int sum() {
    int sum = 0;
    for (int i = 0; i < CHECKSUM_WORD; i++) {
      sum += words[i];
    }
    if (chip == Chip.X550) {
      for (int i = CHECKSUM_WORD + 1; i <= LAST_SUMMED_X550; i++) {
        sum += words[i];
      }
    }
    for (int i = chip == Chip.X550 ? 0x02 : 0x03; i < 0x0F; i++) {
      if (words[i] != 0 && words[i] != NONE && !(chip.copper() && (i == 4 || i == 5))) {
        sum += sumOf(i);
      }
    }
    return sum;
  }

  /** Of the section that word {@code pointer} points to. */
  private int sumOf(int pointer) {
    int at = words[pointer];
    // DP ixgbe_calc_checksum_X550: fixed lengths, from the first word on.
    int fixed = chip != Chip.X550 ? 0 : pointer == 6 ? 0x24 : pointer == 7 || pointer == 8 ? 8 : 0;
    int first = fixed == 0 ? at + 1 : at;
    int length = fixed == 0 ? words[at] : fixed;
    int sum = 0;
    for (int i = 0; i < length; i++) {
      sum += words[first + i];
    }
    return sum;
  }

  private void read(int eerd, int value) {
    int address = value >> 2 & 0x3FFF;
    if ((value & START) != 0) {
      int data = address(eerd, value, address) ? words[address] : 0;
      registers.set(eerd, data << 16 | address << 2 | DONE);
    } else {
      registers.set(eerd, value & ~DONE);
    }
  }

  private void program(int eewr, int value) {
    int address = value >> 2 & 0x3FFF;
    if ((value & START) != 0) {
      if (address(eewr, value, address)) {
        words[address] = value >>> 16;
      }
      registers.set(eewr, value & ~START | DONE);
    } else {
      registers.set(eewr, value & ~DONE);
    }
  }

  private boolean address(int register, int value, int address) {
    if (chip.nvmByFirmware()) {
      registers.refuse(
          register, value, "this chip's NVM is read by commands to the firmware (docs/82599.md 9)");
      return false;
    }
    if (address < words.length) {
      return true;
    }
    registers.refuse(
        register, value, "word " + address + " is past the " + words.length + " of EEC.SIZE");
    return false;
  }

  /** As after a reset. */
  public void reset() {
    int size = Integer.numberOfTrailingZeros(words.length) - 6;
    int done = chip.copper() ? EEC_FLUDONE : 0;
    registers.set(EEC, registers.get(EEC) & ~EEC_SIZE | size << 11 | done);
  }

  /** How many words there are. */
  int words() {
    return words.length;
  }

  int word(int address) {
    return words[address];
  }

  void word(int address, int value) {
    words[address] = value;
  }

  /** The grant follows the request. */
  private void grant(int value) {
    registers.store(EEC, value);
    int stored = registers.get(EEC);
    if (chip.copper()) {
      // The shadow RAM goes to the flash at once (LX ixgbe_update_flash_X540).
      stored = stored & ~EEC_FLUP | EEC_FLUDONE;
    }
    registers.set(EEC, (stored & EEC_REQ) != 0 ? stored | EEC_GNT : stored & ~EEC_GNT);
  }
}
