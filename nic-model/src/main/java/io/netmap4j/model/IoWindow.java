package io.netmap4j.model;

import io.netmap4j.model.pci.PciConfig;
import io.netmap4j.model.registers.RegisterMap82599;

/**
 * BAR 2 of an 82599, 32 bytes of I/O ports: IOADDR at 0 names a register, IODATA at 4 is that
 * register (docs/82599.md 1.2). Any thread; a driver must not share the window between threads.
 */
final class IoWindow {
  private static final int IOADDR = 0;
  private static final int IODATA = 4;

  private final Nic82599 card;
  private final PciConfig config;
  private volatile int address;

  IoWindow(Nic82599 card, PciConfig config) {
    this.card = card;
    this.config = config;
  }

  /** After a function-level reset. */
  void reset() {
    address = 0;
  }

  /** All ones where nothing answers: the chip has no such BAR, or the command register forbids. */
  int read(int offset) {
    if (!answers()) {
      return -1;
    }
    return switch (offset) {
      case IOADDR -> address;
      case IODATA -> named() ? card.read(address) : 0;
      default -> 0;
    };
  }

  void write(int offset, int value) {
    if (!answers()) {
      return;
    }
    if (offset == IOADDR) {
      address = value;
    } else if (offset == IODATA && named()) {
      card.write(address, value);
    }
  }

  private boolean answers() {
    return card.options().chip().ioBar() && config.ioEnabled();
  }

  /** IOADDR is a register's offset; beyond them there is the flash, which is not modelled. */
  private boolean named() {
    return (address & 3) == 0 && address >= 0 && address < RegisterMap82599.SIZE;
  }
}
