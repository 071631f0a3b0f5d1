package io.netmap4j.model.peripherals;

import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterMap82599;

/**
 * Commands to the firmware: a block in FLEX_MNG, HICR.C, and the answer in its place (LX and DP
 * ixgbe_host_interface_command). Each is done at once. For who holds the card's lock.
 *
 * <p>A block begins with the command, the length of what follows, a status, and a checksum that
 * makes the sum of all bytes 0, or 0xFF for none.
 */
public final class HostInterface {
  private static final int HICR = RegisterMap82599.find("HICR").offset();
  private static final int FWSM = RegisterMap82599.find("FWSM").offset();
  private static final int THERMAL_SENSOR = 1;
  private static final int FLEX_MNG = RegisterMap82599.find("FLEX_MNG").offset();
  private static final int RXCTRL = RegisterMap82599.find("RXCTRL").offset();
  private static final int BLOCK = 4 * RegisterMap82599.find("FLEX_MNG").count();
  private static final int RXEN = 1;
  private static final int EN = 1;
  private static final int C = 1 << 1;
  private static final int SV = 1 << 2;

  private static final int READ_SHADOW_RAM = 0x31;
  private static final int WRITE_SHADOW_RAM = 0x33;
  private static final int DUMP_SHADOW_RAM = 0x36;
  private static final int DRIVER_INFO = 0xDD;
  private static final int DISABLE_RXEN = 0xDE;
  private static final int NO_CHECKSUM = 0xFF;

  /** Where an answer's data begins: LX and DP FW_NVM_DATA_OFFSET, in words of 32 bits. */
  private static final int DATA = 12;

  private static final int SUCCESS = 1;
  private static final int FAILED = 2;

  private final RegisterFile registers;
  private final Nvm nvm;
  private final int lanId;

  public HostInterface(RegisterFile registers, Nvm nvm, int lanId) {
    this.registers = registers;
    this.nvm = nvm;
    this.lanId = lanId;
    registers.onWrite("HICR", (i, value) -> command(value));
  }

  /** As after a reset: ready, and with a thermal sensor. */
  public void reset() {
    registers.set(HICR, EN);
    registers.set(FWSM, registers.get(FWSM) | THERMAL_SENSOR);
  }

  private void command(int value) {
    if ((value & C) == 0) {
      registers.set(HICR, value & ~EN | EN);
      return;
    }
    int command = unsigned(0);
    int status = checksumKept() ? run(command, value) : FAILED;
    // The answer's header: this command, nothing that follows it, how it went, no checksum.
    registers.set(FLEX_MNG, NO_CHECKSUM << 24 | status << 16 | command);
    registers.set(HICR, EN | SV);
  }

  private boolean checksumKept() {
    if (unsigned(3) == NO_CHECKSUM) {
      return true;
    }
    int sum = 0;
    for (int i = 0; i < 4 + unsigned(1); i++) {
      sum += unsigned(i);
    }
    return (sum & 0xFF) == 0;
  }

  private int run(int command, int value) {
    return switch (command) {
      case READ_SHADOW_RAM -> read();
      case WRITE_SHADOW_RAM -> write();
      case DUMP_SHADOW_RAM, DRIVER_INFO -> SUCCESS;
      case DISABLE_RXEN -> disableReceiver();
      default -> {
        registers.refuse(
            HICR,
            value,
            "command 0x"
                + Integer.toHexString(command)
                + " is none that this firmware knows (docs/82599.md 9)");
        yield FAILED;
      }
    };
  }

  /** Bytes from 4 on: the address in bytes, 32 bits; the length in bytes, 16 bits; big endian. */
  private int read() {
    int address = bigEndian(4, 4);
    int length = bigEndian(8, 2);
    if ((address & 1) != 0
        || (length & 1) != 0
        || length > BLOCK - DATA
        || address < 0
        || address / 2 + length / 2 > nvm.words()) {
      return FAILED;
    }
    for (int i = 0; i < length; i += 2) {
      int word = nvm.word(address / 2 + i / 2);
      set(DATA + i, word);
      set(DATA + i + 1, word >> 8);
    }
    return SUCCESS;
  }

  /** As {@link #read}; behind two bytes of padding there is the word, little endian. */
  private int write() {
    int address = bigEndian(4, 4);
    if ((address & 1) != 0 || address < 0 || address / 2 >= nvm.words()) {
      return FAILED;
    }
    nvm.word(address / 2, unsigned(12) | unsigned(13) << 8);
    return SUCCESS;
  }

  private int disableReceiver() {
    if (unsigned(4) != lanId) {
      return FAILED;
    }
    registers.set(RXCTRL, registers.get(RXCTRL) & ~RXEN);
    return SUCCESS;
  }

  private int bigEndian(int at, int bytes) {
    int value = 0;
    for (int i = 0; i < bytes; i++) {
      value = value << 8 | unsigned(at + i);
    }
    return value;
  }

  private int unsigned(int at) {
    return registers.get(FLEX_MNG + (at & ~3)) >>> 8 * (at & 3) & 0xFF;
  }

  private void set(int at, int value) {
    int shift = 8 * (at & 3);
    int word = FLEX_MNG + (at & ~3);
    registers.set(word, registers.get(word) & ~(0xFF << shift) | (value & 0xFF) << shift);
  }
}
