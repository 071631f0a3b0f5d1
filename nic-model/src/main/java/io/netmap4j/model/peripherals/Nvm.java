package io.netmap4j.model.peripherals;

import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.link.ModuleKind;
import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterMap82599;
import java.util.Arrays;

/**
 * The EEPROM: 256 words, readable through EERD, writable through EEWR, with the checksum and the
 * firmware words that drivers insist on (docs/82599.md 3.4, 10.5 item 3). For who holds the card's
 * lock.
 */
public final class Nvm {
  private static final int WORDS = 256;
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

  private final RegisterFile registers;
  private final int[] words = new int[WORDS];

  public Nvm(RegisterFile registers, long mac, LinkOptions link) {
    this.registers = registers;
    image(mac, link);
    int eec = RegisterMap82599.find("EEC").offset();
    int eerd = RegisterMap82599.find("EERD").offset();
    int eewr = RegisterMap82599.find("EEWR").offset();
    registers.onWrite("EERD", (i, value) -> read(eerd, value));
    registers.onWrite("EEWR", (i, value) -> program(eewr, value));
    registers.onWrite("EEC", (i, value) -> grant(eec, value));
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
    if (link.module() != ModuleKind.SILENT && link.nvm().sequences()) {
      moduleList();
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

  private int sum() {
    int sum = 0;
    for (int i = 0; i < CHECKSUM_WORD; i++) {
      sum += words[i];
    }
    for (int i = 0x03; i < 0x0F; i++) {
      int section = words[i];
      if (section != 0 && section != NONE) {
        for (int word = 1; word <= words[section]; word++) {
          sum += words[section + word];
        }
      }
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
    if (address < WORDS) {
      return true;
    }
    registers.refuse(register, value, "word " + address + " is past the " + WORDS + " of EEC.SIZE");
    return false;
  }

  /** The grant follows the request. */
  private void grant(int eec, int value) {
    registers.store(eec, value);
    int stored = registers.get(eec);
    registers.set(eec, (stored & EEC_REQ) != 0 ? stored | EEC_GNT : stored & ~EEC_GNT);
  }
}
