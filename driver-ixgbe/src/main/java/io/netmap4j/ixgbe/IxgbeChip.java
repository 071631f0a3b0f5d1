package io.netmap4j.ixgbe;

/**
 * What differs between the chips of the family. Sources and the registers behind each row:
 * docs/x540.md 2.
 */
enum IxgbeChip {
  CHIP_82599("82599", 512, 128, 10),
  X540("X540", 384, 128, 100),
  X550("X550", 384, 512, 100);

  private static final int LINKS_NON_STANDARD = 1 << 27;

  private final String title;

  /** What the receive packet buffer holds; a reset leaves RXPBSIZE(0) at the 82599's. */
  final int rxBufferKb;

  /** Entries of the RSS table. */
  final int rssTable;

  /** How long nobody may rely on the registers after CTRL.RST. */
  final int resetMillis;

  IxgbeChip(String title, int rxBufferKb, int rssTable, int resetMillis) {
    this.title = title;
    this.rxBufferKb = rxBufferKb;
    this.rssTable = rssTable;
    this.resetMillis = resetMillis;
  }

  /**
   * X540 and X550: the medium is a PHY behind MDIO that MAC, firmware and both ports share, so a
   * reset and each access want its semaphore; and bit 31 of SW_FW_SYNC is the lock of the others.
   */
  boolean copper() {
    return this != CHIP_82599;
  }

  /** X550: malicious-driver detection, NVM by the firmware, 2.5 and 5 Gbit/s. */
  boolean x550() {
    return this == X550;
  }

  /**
   * Speed of a link that is up, in Mbit/s, from LINKS (Linux ixgbe_check_mac_link_generic). 10 is
   * the code that no chip here has a meaning for.
   */
  int speed(int links) {
    boolean nonStandard = x550() && (links & LINKS_NON_STANDARD) != 0;
    return switch (links >>> Reg.LINKS_SPEED_SHIFT & 3) {
      case 3 -> nonStandard ? 2_500 : 10_000;
      case 2 -> 1_000;
      case 1 -> nonStandard ? 5_000 : 100;
      default -> 10;
    };
  }

  @Override
  public String toString() {
    return title;
  }
}
