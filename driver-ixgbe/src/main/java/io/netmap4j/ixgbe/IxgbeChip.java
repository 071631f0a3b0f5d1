package io.netmap4j.ixgbe;

import io.netmap4j.common.LinkState;
import io.netmap4j.spi.NicDevice;
import java.util.List;

/**
 * What differs between the chips of the family. Sources and the registers behind each row:
 * docs/x540.md 2.
 */
enum IxgbeChip {
  CHIP_82599("82599", 512, 128, 50, List.of(1_000, 10_000)),
  X540("X540", 384, 128, 100, List.of(100, 1_000, 10_000)),
  X550("X550", 384, 512, 100, List.of(100, 1_000, 2_500, 5_000, 10_000));

  private final String title;

  /** What the receive packet buffer holds; a reset leaves RXPBSIZE(0) at the 82599's. */
  final int rxBufferKb;

  /** Entries of the RSS table. */
  final int rssTable;

  /** How long nobody may rely on the registers after CTRL.RST. */
  final int resetMillis;

  /** What a link can be told to run at alone, in Mbit/s. */
  final List<Integer> speeds;

  IxgbeChip(String title, int rxBufferKb, int rssTable, int resetMillis, List<Integer> speeds) {
    this.title = title;
    this.rxBufferKb = rxBufferKb;
    this.rssTable = rssTable;
    this.resetMillis = resetMillis;
    this.speeds = speeds;
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

  /** LINKS, read twice as Linux does: the first read clears latched bits. */
  LinkState link(NicDevice nic) {
    nic.read32(Reg.LINKS);
    int links = nic.read32(Reg.LINKS);
    if (links == IxgbeDevice.ALL_ONES || (links & Reg.LINKS_UP) == 0) {
      return LinkState.DOWN;
    }
    return new LinkState(true, speed(links));
  }

  /**
   * In Mbit/s (Linux ixgbe_check_mac_link_generic). 10 is the code that no chip here has a meaning
   * for.
   */
  int speed(int links) {
    boolean nonStandard = x550() && (links & Reg.LINKS_NON_STANDARD) != 0;
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
