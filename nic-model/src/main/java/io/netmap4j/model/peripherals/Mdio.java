package io.netmap4j.model.peripherals;

import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterMap82599;

/**
 * MSCA and MSRWD: the way to a PHY, by MDIO clause 45. A cycle sets the address, another one reads
 * or writes there (docs/82599.md 3.8). For who holds the card's lock.
 */
final class Mdio {
  private static final int MSCA = RegisterMap82599.find("MSCA").offset();
  private static final int MSRWD = RegisterMap82599.find("MSRWD").offset();
  private static final int COMMAND = 1 << 30;
  private static final int CLAUSE_22 = 1 << 28;
  private static final int ADDRESS = 0;
  private static final int WRITE = 1;
  private static final int READ_INCREMENT = 2;

  /** Where the PHY answers. */
  private static final int PHY = 0;

  private final RegisterFile registers;
  private final CopperPhy phy;
  private final int[] address = new int[32];
  private final Runnable changed;

  /**
   * @param changed is told of each write to the PHY
   */
  Mdio(RegisterFile registers, CopperPhy phy, Runnable changed) {
    this.registers = registers;
    this.phy = phy;
    this.changed = changed;
    registers.onWrite("MSCA", (i, value) -> command(value));
  }

  private void command(int value) {
    registers.store(MSCA, value);
    if ((value & COMMAND) == 0) {
      return;
    }
    int mmd = value >> 16 & 0x1F;
    int at = value >> 21 & 0x1F;
    if (at != PHY || (value & CLAUSE_22) != 0) {
      // Nobody answers: the read half is all ones (docs/82599.md 10.5 item 5).
      registers.set(MSRWD, registers.get(MSRWD) | 0xFFFF0000);
      return;
    }
    switch (value >> 26 & 3) {
      case ADDRESS -> address[mmd] = value & 0xFFFF;
      case WRITE -> {
        phy.write(mmd, address[mmd], registers.get(MSRWD) & 0xFFFF);
        changed.run();
      }
      default -> {
        int data = phy.read(mmd, address[mmd]);
        registers.set(MSRWD, registers.get(MSRWD) & 0xFFFF | data << 16);
        if ((value >> 26 & 3) == READ_INCREMENT) {
          address[mmd] = address[mmd] + 1 & 0xFFFF;
        }
      }
    }
  }
}
