package io.netmap4j.model.registers;

import io.netmap4j.model.registers.Register.Access;
import java.util.List;

/** Transmit DMA (docs/82599.md 2.5). */
final class RowsTransmit {
  private static final String FACT = "docs/82599.md 2.5";
  private static final int SWFLSH = 1 << 26;

  private RowsTransmit() {}

  static List<Register> rows() {
    return List.of(
        queue("TDBAL", 0x00, "docs/82599.md 2.5, 4.7").readOnly(0x7F),
        queue("TDBAH", 0x04, FACT),
        queue("TDLEN", 0x08, "docs/82599.md 2.5, 4.7").readOnly(0xFFF0007F),
        queue("DCA_TXCTRL", 0x0C, FACT).reset(0x00002A00),
        queue("TDH", 0x10, "docs/82599.md 2.5, 4.7"),
        queue("TDT", 0x18, "docs/82599.md 2.5, 4.7"),
        queue("TXDCTL", 0x28, FACT).selfClearing(SWFLSH),
        queue("TDWBAL", 0x38, "docs/82599.md 2.5, 4.8"),
        queue("TDWBAH", 0x3C, "docs/82599.md 2.5, 4.8"),
        rw("DMATXCTL", 0x04A80, FACT).reset(0x81000004),
        rw("DTXTCPFLGL", 0x04A88, FACT).reset(0x0F760FF6),
        rw("DTXTCPFLGH", 0x04A8C, FACT).reset(0x00000F7F),
        // ixy writes 0xFFFF: the upper bits are ignored.
        rw("DTXMXSZRQ", 0x08100, FACT).reset(0x10).writable(0xFFF),
        rw("RTTDCS", 0x04900, FACT).reset(0x00C00000),
        rw("RTTDQSEL", 0x04904, FACT),
        rw("RTTDT1C", 0x04908, FACT),
        rw("RTTBCNRC", 0x04984, FACT),
        rw("RTTDT2C", 0x04910, 8, FACT),
        rw("TXPBTHRESH", 0x04950, 8, FACT).resetFirst(0x96),
        rw("MTQC", 0x08120, FACT),
        rw("TXPBSIZE", 0x0CC00, 8, FACT).reset(0x00028000),
        // ARBD is [31:22]: LX ixgbe_dcb_82599.h.
        rw("RTTPCS", 0x0CD00, FACT).reset(0x224 << 22),
        rw("RTTPT2C", 0x0CD20, 8, FACT),
        rw("RTTUP2TC", 0x0C800, "LX ixgbe_type.h"),
        rw("TQSM", 0x08600, 32, FACT),
        rw("PFDTXGSWC", 0x08220, FACT),
        rw("PFVFSPOOF", 0x08200, 8, FACT),
        rw("VMVIR", 0x08000, 64, FACT),
        // The security engine is fused off, as on the 82599s that are sold without it: DIS stays 1
        // (DP
        // ixgbe_ipsec.c asks that way), OFF_DIS says so (LX ixgbe_init_ipsec_offload), both are
        // ready.
        rw("SECTXCTRL", 0x08800, FACT).reset(1).writable(~1),
        Register.of("SECTXSTAT", Access.RO, 0x08804, FACT).reset(3),
        rw("SECTXBUFFAF", 0x08808, FACT),
        rw("SECTXMINIFG", 0x08810, FACT),
        rw("SECRXCTRL", 0x08D00, FACT).reset(1).writable(~1),
        Register.of("SECRXSTAT", Access.RO, 0x08D04, FACT).reset(3),
        rw("TFCS", 0x0CE00, FACT));
  }

  private static Register queue(String name, int plus, String fact) {
    return Register.array(name, Access.RW, 0x06000 + plus, 0x40, 128, fact);
  }

  private static Register rw(String name, int offset, String fact) {
    return Register.of(name, Access.RW, offset, fact);
  }

  private static Register rw(String name, int offset, int count, String fact) {
    return Register.array(name, Access.RW, offset, 4, count, fact);
  }
}
