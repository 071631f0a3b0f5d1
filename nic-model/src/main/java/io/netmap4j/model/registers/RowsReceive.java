package io.netmap4j.model.registers;

import io.netmap4j.model.registers.Register.Access;
import java.util.ArrayList;
import java.util.List;

/** Receive DMA and receive filtering (docs/82599.md 2.3, 2.4). */
final class RowsReceive {
  private static final String DMA = "docs/82599.md 2.3";
  private static final String FILTER = "docs/82599.md 2.4";
  private static final int QUEUES_LOW = 64;
  private static final int SWFLSH = 1 << 26;

  private RowsReceive() {}

  static List<Register> rows() {
    List<Register> rows = new ArrayList<>();
    rows.addAll(queues());
    rows.addAll(dma());
    rows.addAll(filters());
    rows.addAll(flowDirector());
    return rows;
  }

  /** Queue n &lt; 64 at 0x1000 + 0x40 n, n = 64 to 127 at 0xD000 + 0x40 (n − 64). */
  private static Register queue(String name, int plus, String fact) {
    return Register.array(name, Access.RW, 0x01000 + plus, 0x40, QUEUES_LOW, fact)
        .then(0x0D000 + plus, 0x40, QUEUES_LOW);
  }

  private static List<Register> queues() {
    return List.of(
        queue("RDBAL", 0x00, "docs/82599.md 2.3, 4.7").readOnly(0x7F),
        queue("RDBAH", 0x04, DMA),
        // A multiple of 128 bytes, up to 128 KB.
        queue("RDLEN", 0x08, "docs/82599.md 2.3, 4.7").readOnly(0xFFF0007F),
        // Sources disagree on bit 12 (docs/82599.md 10.6 item 1): set here, so that a driver that
        // must
        // clear
        // it is seen to.
        queue("DCA_RXCTRL", 0x0C, DMA).alias(0x02200, 4, 16).reset(0x0000B200),
        queue("RDH", 0x10, "docs/82599.md 2.3, 4.7"),
        queue("SRRCTL", 0x14, DMA).alias(0x02100, 4, 16).reset(0x00000402),
        queue("RDT", 0x18, "docs/82599.md 2.3, 4.7"),
        queue("RXDCTL", 0x28, DMA).selfClearing(SWFLSH),
        queue("RSCCTL", 0x2C, DMA));
  }

  private static List<Register> dma() {
    return List.of(
        // DMAIDONE is always 1 here, whatever is written: Snabb Intel82599:init writes the register
        // whole. RSCFRSTSIZE resets to 8.
        rw("RDRXCTL", 0x02F00, DMA).reset(0x00108808).writable(~0x8),
        rw("QDE", 0x02F04, DMA),
        rw("RXCTRL", 0x03000, DMA),
        rw("PFCTOP", 0x03008, "LX ixgbe_type.h, reg_test_82599"),
        rw("RTRUP2TC", 0x03020, DMA),
        rw("RSCDBU", 0x03028, DMA),
        rw("FCTTV", 0x03200, 4, DMA),
        rw("FCRTL", 0x03220, 8, DMA),
        rw("FCRTH", 0x03260, 8, DMA),
        rw("FCRTV", 0x032A0, DMA),
        rw("RXPBSIZE", 0x03C00, 8, DMA).reset(0x00080000),
        rw("FCCFG", 0x03D00, DMA),
        rw("DROPEN", 0x03D04, DMA),
        rw("RQSMR", 0x02300, 32, DMA),
        rw("RXDSTATCTRL", 0x02F40, DMA),
        rw("RTRPCS", 0x02430, "docs/82599.md 2.5"),
        rw("RTRPT4C", 0x02140, 8, "docs/82599.md 2.5"));
  }

  private static List<Register> filters() {
    return List.of(
        rw("RXCSUM", 0x05000, FILTER),
        rw("RFCTL", 0x05008, FILTER),
        rw("FCTRL", 0x05080, FILTER),
        rw("VLNCTRL", 0x05088, FILTER).reset(0x00008100),
        rw("MCSTCTRL", 0x05090, FILTER),
        rw("MTA", 0x05200, 128, FILTER),
        // Entry 0 comes from the NVM at each reset (docs/82599.md 0.1 item 1).
        Register.array("RAL", Access.RW, 0x0A200, 8, 128, FILTER).alias(0x05400, 8, 16),
        // The pools' bits of an 82598 are none here (LX reg_test_82599): MPSAR has them.
        Register.array("RAH", Access.RW, 0x0A204, 8, 128, FILTER)
            .alias(0x05404, 8, 16)
            .writable(0x8000FFFF),
        rw("MPSAR", 0x0A600, 256, FILTER),
        rw("VFTA", 0x0A000, 128, FILTER),
        rw("PSRTYPE", 0x0EA00, 64, FILTER).alias(0x05480, 4, 16),
        rw("MRQC", 0x05818, FILTER).alias(0x0EC80, 4, 1),
        rw("RETA", 0x05C00, 32, FILTER).alias(0x0EB00, 4, 32),
        rw("RSSRK", 0x05C80, 10, FILTER).alias(0x0EB80, 4, 10),
        rw("VT_CTL", 0x051B0, FILTER),
        rw("VMOLR", 0x0F000, 64, FILTER),
        rw("VLVF", 0x0F100, 64, FILTER),
        rw("VLVFB", 0x0F200, 128, FILTER),
        rw("UTA", 0x0F400, 128, FILTER),
        rw("ETQF", 0x05128, 8, FILTER),
        rw("ETQS", 0x0EC00, 8, FILTER),
        rw("SAQF", 0x0E000, 128, FILTER),
        rw("DAQF", 0x0E200, 128, FILTER),
        rw("SDPQF", 0x0E400, 128, FILTER),
        rw("FTQF", 0x0E600, 128, FILTER),
        rw("L34T_IMIR", 0x0E800, 128, FILTER),
        rw("SYNQF", 0x0EC30, FILTER),
        rw("RQTC", 0x0EC70, FILTER),
        rw("RXFECCERR0", 0x051B8, FILTER),
        rw("VFRE", 0x051E0, 2, FILTER),
        rw("VFTE", 0x08110, 2, FILTER));
  }

  /**
   * docs/82599.md 2.4 and 5.5 give the range and the behaviour; names and places are LX
   * ixgbe_type.h's.
   */
  private static List<Register> flowDirector() {
    String fact = "docs/82599.md 2.4, 5.5; LX ixgbe_type.h";
    return List.of(
        rw("FDIRCTRL", 0x0EE00, fact),
        rw("FDIRSIPV6", 0x0EE0C, 3, fact),
        rw("FDIRIPSA", 0x0EE18, fact),
        rw("FDIRIPDA", 0x0EE1C, fact),
        rw("FDIRPORT", 0x0EE20, fact),
        rw("FDIRVLAN", 0x0EE24, fact),
        rw("FDIRHASH", 0x0EE28, fact),
        // CMD reads 0: what was asked is done (docs/82599.md 5.5).
        rw("FDIRCMD", 0x0EE2C, fact).selfClearing(0x3),
        rw("FDIRFREE", 0x0EE38, fact),
        rw("FDIRDIP4M", 0x0EE3C, fact),
        rw("FDIRSIP4M", 0x0EE40, fact),
        rw("FDIRTCPM", 0x0EE44, fact),
        rw("FDIRUDPM", 0x0EE48, fact),
        rw("FDIRLEN", 0x0EE4C, fact),
        rw("FDIRUSTAT", 0x0EE50, fact),
        rw("FDIRFSTAT", 0x0EE54, fact),
        rw("FDIRHKEY", 0x0EE68, fact),
        rw("FDIRSKEY", 0x0EE6C, fact),
        rw("FDIRM", 0x0EE70, fact),
        rw("FDIRIP6M", 0x0EE74, fact),
        rw("FDIRSCTPM", 0x0EE78, fact));
  }

  private static Register rw(String name, int offset, String fact) {
    return Register.of(name, Access.RW, offset, fact);
  }

  private static Register rw(String name, int offset, int count, String fact) {
    return Register.array(name, Access.RW, offset, 4, count, fact);
  }
}
