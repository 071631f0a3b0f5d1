package io.netmap4j.ixgbe;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An X540 or X550 of which only the parts exist that an 82599 has otherwise: semaphores, NVM, host
 * interface, a PHY with its link. It writes down what is touched without the semaphore that it
 * wants.
 */
final class ScriptedCopper extends PlainDevice {
  static final int X540 = 0x1528;
  static final int X550 = 0x1563;
  private static final int[] SPEEDS = {10_000, 5_000, 2_500, 1_000, 100};
  private static final int RESTART = 1 << 9;
  private static final int LOW_POWER = 1 << 11;
  private static final int FLASH = 1 << 4;

  final List<String> trouble = new ArrayList<>();
  final List<Integer> commands = new ArrayList<>();
  final Map<Integer, Integer> phy = new TreeMap<>();
  final int[] nvm = new int[0x1000];
  int phyAddress = 1;
  int restarts;
  int resets;
  int swsm;
  int gssr;
  boolean lan1;
  boolean firmwareAnswers = true;
  boolean firmwareRefuses;

  /** Reads of SW_FW_SYNC for which the firmware has the flash. */
  int flash;

  boolean hot;
  private int link;
  private int phyRegister = -1;
  private int phyBusy;
  private final boolean x550;

  ScriptedCopper(int id) {
    super(id);
    x550 = id == X550 || id == 0x15d1;
    super.write32(0x10148, 1 << 15); // FWSM: firmware valid
    phy(1, 2, 0x0154);
    phy(1, 3, x550 ? 0x0221 : 0x0200);
    phy(7, 0x10, 0x0c81); // 100 Mbit/s half duplex, pauses
    phy(7, 0xc400, 0x0c40);
    nvm[0x07] = 0x100;
    nvm[0x100] = 3; // a length; on an X550 data
    nvm[0x101] = 0x1234;
    nvm[0x04] = 0x200; // not summed
    nvm[0x200] = 1;
    nvm[0x201] = 0x4321;
    nvm[0x41] = 0x77; // summed on an X550
    nvm[0x0a] = 0x300; // a section of more than one answer of the firmware
    nvm[0x300] = 600;
    nvm[0x301] = 0x55;
    nvm[0x300 + 600] = 0x66;
    int sum = 0x100 + 0x200 + 0x300 + 0x1234 + 0x55 + 0x66 + (x550 ? 3 + 0x77 : 0);
    nvm[0x3f] = 0xbaba - sum & 0xffff;
  }

  void phy(int mmd, int register, int value) {
    phy.put(mmd << 16 | register, value);
  }

  int phy(int mmd, int register) {
    return phy.getOrDefault(mmd << 16 | register, 0);
  }

  /** The link as it is, in Mbit/s; 0 is none. */
  void link(int mbits) {
    link = mbits;
  }

  private boolean holds(int bit) {
    return (gssr & bit) != 0;
  }

  private void want(int bit, String what) {
    if (!holds(bit)) {
      trouble.add(what + " without bit 0x" + Integer.toHexString(bit) + " of SW_FW_SYNC");
    }
  }

  private int phyBit() {
    return lan1 ? 4 : 2;
  }

  @Override
  public int read32(int register) {
    int old;
    switch (register) {
      case 0x00008:
        return super.read32(register) | (lan1 ? 4 : 0);
      case 0x10010:
        return super.read32(register) | 6 << 11; // EEC.SIZE: 4096 words
      case 0x10140:
        old = swsm;
        swsm |= 1;
        return old;
      case 0x10160:
        if (flash > 0) {
          gssr = --flash > 0 ? gssr | FLASH : gssr & ~FLASH;
        }
        old = gssr;
        gssr |= 1 << 31;
        return old;
      case 0x0425c:
        phyBusy--;
        return super.read32(register) | (phyBusy > 0 ? 1 << 30 : 0);
      case 0x04260:
        if (phyBusy > 0) {
          trouble.add("MSRWD is read before MSCA is done");
        }
        return super.read32(register);
      case 0x15f00:
        return firmwareAnswers ? super.read32(register) | 1 : 0;
      case 0x042a4:
        return links();
      default:
        return super.read32(register);
    }
  }

  private int links() {
    return switch (link) {
      case 10_000 -> 0x7000_0000;
      case 5_000 -> 0x5800_0000;
      case 2_500 -> 0x7800_0000;
      case 1_000 -> 0x6000_0000;
      case 100 -> 0x5000_0000;
      default -> 0;
    };
  }

  @Override
  public void write32(int register, int value) {
    switch (register) {
      case 0x00000:
        if ((value & 1 << 26) != 0) {
          want(phyBit(), "CTRL.RST");
          resets++;
        }
        break;
      case 0x10140:
        swsm = value;
        break;
      case 0x10160:
        if ((swsm & 1) == 0 || gssr >= 0) {
          trouble.add("SW_FW_SYNC without SMBI or REGSMP");
        }
        gssr = value;
        break;
      case 0x10014:
        want(1, "EERD");
        if (holds(FLASH)) {
          trouble.add("EERD while the firmware has the flash");
        }
        if (x550) {
          trouble.add("EERD on an X550");
        }
        super.write32(register, nvm[value >>> 2 & 0x3fff] << 16 | 2);
        break;
      case 0x0425c:
        want(phyBit(), "MSCA");
        mdio(value);
        super.write32(register, value & ~(1 << 30));
        break;
      case 0x15f00:
        want(1 << 10, "HICR.C");
        if (!firmwareAnswers) {
          trouble.add("HICR.C without HICR.EN");
        }
        if ((super.read32(0x15f0c) & 1 << 9) == 0) {
          trouble.add("HICR.C without FWSTS.FWRI");
        }
        super.write32(register, value & ~2 | 4);
        command();
        break;
      default:
        super.write32(register, value);
    }
  }

  private void mdio(int command) {
    int address = command >>> 21 & 31;
    int at = command & 0x1fffff;
    int value = super.read32(0x04260);
    if (phyBusy > 0) {
      trouble.add("MSCA is written before it is done");
    }
    phyBusy = 2;
    if ((command >>> 26 & 3) == 0) {
      phyRegister = at;
    } else if (phyRegister != at) {
      trouble.add("MDIO without an address");
    }
    switch (command >>> 26 & 3) {
      case 1:
        if (address == phyAddress) {
          written(at, value & 0xffff);
        }
        break;
      case 3:
        int read = address == phyAddress ? phy.getOrDefault(at, 0) : 0xffff;
        super.write32(0x04260, read << 16 | value & 0xffff);
        break;
      default:
    }
  }

  private void written(int at, int value) {
    boolean restart = at == 7 << 16 && (value & RESTART) != 0;
    phy.put(at, restart ? value & ~RESTART : value);
    if (restart) {
      restarts++;
      link = hot || (phy(30, 0) & LOW_POWER) != 0 ? 0 : best();
    }
  }

  /** The partner can do everything. */
  private int best() {
    for (int mbits : SPEEDS) {
      boolean offered =
          switch (mbits) {
            case 10_000 -> (phy(7, 0x20) & 1 << 12) != 0;
            case 5_000 -> x550 && (phy(7, 0xc400) & 1 << 11) != 0;
            case 2_500 -> x550 && (phy(7, 0xc400) & 1 << 10) != 0;
            case 1_000 -> (phy(7, 0xc400) & 1 << 15) != 0;
            default -> (phy(7, 0x10) & 1 << 8) != 0;
          };
      if (offered) {
        return mbits;
      }
    }
    return 0;
  }

  private void command() {
    int head = super.read32(0x15800);
    commands.add(head & 0xff);
    if (firmwareRefuses) {
      super.write32(0x15f00, super.read32(0x15f00) & ~4);
    } else if ((head & 0xff) == 0x31) {
      want(1, "shadow RAM");
      int word = Integer.reverseBytes(super.read32(0x15804)) / 2;
      int bytes = Short.reverseBytes((short) super.read32(0x15808)) & 0xffff;
      for (int i = 0; i < (bytes + 3) / 4; i++) {
        super.write32(0x1580c + 4 * i, nvm[word + 2 * i] | nvm[word + 2 * i + 1] << 16);
      }
    } else if ((head & 0xff) == 0xde) {
      super.write32(0x03000, 0);
    } else {
      super.write32(0x15f00, super.read32(0x15f00) & ~4);
    }
  }

  /** Nothing is left taken, and nothing was touched without being taken. */
  String leftOver() {
    return (gssr == 0 && (swsm & 1) == 0 ? "" : "taken: SW_FW_SYNC 0x" + Integer.toHexString(gssr))
        + String.join("\n", trouble);
  }
}
