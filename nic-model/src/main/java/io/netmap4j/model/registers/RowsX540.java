package io.netmap4j.model.registers;

import io.netmap4j.model.registers.Register.Access;
import java.util.List;

/** Registers that the 82599 does not have. */
final class RowsX540 {
  private static final String FACT = "docs/82599.md 2.8";

  private RowsX540() {}

  static List<Register> rows() {
    return List.of(
        // Bit 0 FLU forces the link up, as AUTOC.FLU does on an 82599: LX
        // ixgbe_setup_loopback_test.
        rw("MACC", 0x04330, 1).since(Chip.X540),
        rw("SRAMREL", 0x10210, 1).since(Chip.X540),
        // Between the operating system and the BMC.
        Register.of("B2OGPRC", Access.RC, 0x02F90, FACT).since(Chip.X540),
        Register.of("B2OSPC", Access.RC, 0x041C0, FACT).since(Chip.X540),
        Register.of("O2BGPTC", Access.RC, 0x041C4, FACT).since(Chip.X540),
        Register.of("O2BSPC", Access.RC, 0x087B0, FACT).since(Chip.X540),
        rw("I2CCTL_X550", 0x15F5C, 1).since(Chip.X550),
        // 128 entries are in RETA, 384 here.
        rw("ERETA", 0x0EE80, 96).since(Chip.X550),
        rw("VXLANCTRL", 0x0507C, 1).since(Chip.X550),
        rw("ETAG_ETYPE", 0x05084, 1).since(Chip.X550),
        rw("PFFLPL", 0x050B0, 1).since(Chip.X550),
        rw("PFFLPH", 0x050B4, 1).since(Chip.X550),
        rw("SYSTIMR", 0x08C58, 1).since(Chip.X550),
        rw("DMACR", 0x02400, 1).since(Chip.X550),
        rw("EEE_SU", 0x04380, 1).since(Chip.X550),
        Register.of("EEE_STAT", Access.RO, 0x04398, FACT).since(Chip.X550),
        rw("EEER", 0x043A0, 1).since(Chip.X550),
        // Malicious-driver detection: who was it last, and which queues are blocked.
        Register.of("LMVM_RX", Access.RO, 0x02FA4, FACT).since(Chip.X550),
        Register.of("LVMMC_RX", Access.RC, 0x02FA8, FACT).since(Chip.X550),
        Register.array("WQBR_RX", Access.W1C, 0x02FB0, 4, 4, FACT).since(Chip.X550),
        Register.of("LVMMC_TX", Access.RC, 0x08108, FACT).since(Chip.X550),
        Register.of("LMVM_TX", Access.RO, 0x08124, FACT).since(Chip.X550),
        Register.array("WQBR_TX", Access.W1C, 0x08130, 4, 4, FACT).since(Chip.X550));
  }

  private static Register rw(String name, int offset, int count) {
    return Register.array(name, Access.RW, offset, 4, count, FACT);
  }
}
