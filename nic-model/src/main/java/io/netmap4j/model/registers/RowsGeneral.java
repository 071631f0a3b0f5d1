package io.netmap4j.model.registers;

import io.netmap4j.model.registers.Register.Access;
import java.util.List;

/**
 * General, NVM, semaphore, firmware, PCIe and interrupt registers (docs/82599.md 2.1, 2.2) and
 * FDIR's neighbours.
 */
final class RowsGeneral {
  private static final String GENERAL = "docs/82599.md 2.1";
  private static final String IRQ = "docs/82599.md 2.2";

  private RowsGeneral() {}

  static List<Register> rows() {
    return List.of(
        // LRST and RST clear themselves; GIO_DIS stays until the reset (docs/82599.md 0.1 items 1,
        // 2).
        rw("CTRL", 0x00000, "docs/82599.md 2.1, 3.3").alias(0x00004, 4, 1).selfClearing(0x04000008),
        Register.of("STATUS", Access.RO, 0x00008, GENERAL).reset(0x00080000),
        rw("CTRL_EXT", 0x00018, GENERAL),
        // SDP2 is the pin that says "module present": a write leaves it alone.
        rw("ESDP", 0x00020, GENERAL).reset(0x00000004).writable(~0x4),
        rw("I2CCTL", 0x00028, "docs/82599.md 2.1, 3.5").reset(0xF).writable(0xA),
        rw("TSSDP", 0x0003C, GENERAL),
        Register.of("FRTIMER", Access.RO, 0x00048, GENERAL),
        rw("TCPTIMER", 0x0004C, GENERAL),
        rw("LEDCTL", 0x00200, GENERAL).reset(0x05040100),
        // PRES, ARD and SIZE = 2: 256 words.
        rw("EEC", 0x10010, "docs/82599.md 2.1").reset(0x00001730).readOnly(0x003FFF88),
        rw("EERD", 0x10014, "docs/82599.md 2.1, 3.4"),
        rw("EEWR", 0x10018, "docs/82599.md 2.1, 3.4"),
        rw("FLA", 0x1001C, GENERAL),
        rw("GRC", 0x10200, GENERAL),
        Register.of("SWSM", Access.RS, 0x10140, "docs/82599.md 2.1, 3.6").writable(0x7),
        Register.of("FWSM", Access.RO, 0x10148, GENERAL).reset(0x00008040),
        Register.of("FACTPS", Access.RO, 0x10150, GENERAL).reset(0x00000004),
        rw("GSSR", 0x10160, "docs/82599.md 2.1, 3.6"),
        rw("GCR", 0x11000, GENERAL),
        rw("GCR_EXT", 0x11050, GENERAL),
        Register.of("PBACL", Access.W1C, 0x11068, GENERAL).then(0x110C4, 4, 7),
        Register.of("DCA_ID", Access.RO, 0x11070, "LX ixgbe_type.h"),
        rw("DCA_CTRL", 0x11074, "LX ixgbe_type.h, ixgbe_setup_dca"),
        rw("CIAA", 0x11088, GENERAL),
        rw("CIAD", 0x1108C, GENERAL),
        rw("MANC", 0x05820, GENERAL),
        Register.of("MMNGC", Access.RO, 0x042D0, GENERAL),
        rw("HICR", 0x15F00, GENERAL).readOnly(0x1),
        rw("FWSTS", 0x15F0C, GENERAL),
        // 1792 bytes: the longest host interface block of DP ixgbe_type.h.
        rw("FLEX_MNG", 0x15800, 448, GENERAL),
        rw("WUC", 0x05800, GENERAL),
        rw("WUFC", 0x05808, GENERAL),
        Register.of("WUS", Access.W1C, 0x05810, GENERAL),
        rw("CORECTL", 0x14F00, GENERAL),
        rw("EICR", 0x00800, "docs/82599.md 2.2, 6.2"),
        rw("EICS", 0x00808, "docs/82599.md 2.2, 6.2"),
        rw("EIAC", 0x00810, IRQ),
        // 104 more, up to vector 127 (docs/82599.md 2.2: "24..63(127)").
        rw("EITR", 0x00820, 24, IRQ).then(0x12300, 4, 104),
        rw("EIMS", 0x00880, "docs/82599.md 2.2, 6.2"),
        rw("EIMC", 0x00888, "docs/82599.md 2.2, 6.2"),
        rw("EIAM", 0x00890, IRQ),
        rw("EITRSEL", 0x00894, IRQ),
        rw("GPIE", 0x00898, IRQ),
        rw("EICS_EX", 0x00A90, 2, IRQ),
        rw("EIMS_EX", 0x00AA0, 2, IRQ),
        rw("EIMC_EX", 0x00AB0, 2, IRQ),
        rw("EIAM_EX", 0x00AD0, 2, IRQ),
        rw("IVAR", 0x00900, 64, IRQ),
        rw("IVAR_MISC", 0x00A00, IRQ));
  }

  private static Register rw(String name, int offset, String fact) {
    return Register.of(name, Access.RW, offset, fact);
  }

  private static Register rw(String name, int offset, int count, String fact) {
    return Register.array(name, Access.RW, offset, 4, count, fact);
  }
}
