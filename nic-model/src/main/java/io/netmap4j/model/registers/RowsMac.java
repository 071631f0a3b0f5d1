package io.netmap4j.model.registers;

import io.netmap4j.model.registers.Register.Access;
import java.util.List;

/** MAC, link and time stamps (docs/82599.md 2.6, 2.7). */
final class RowsMac {
  private static final String MAC = "docs/82599.md 2.6";
  private static final String TIME = "docs/82599.md 2.7";

  private RowsMac() {}

  static List<Register> rows() {
    return List.of(
        rw("PCS1GLCTL", 0x04208, MAC).reset(0x02040000),
        ro("PCS1GLSTA", 0x0420C, MAC),
        rw("PCS1GANA", 0x04218, MAC).reset(0x1A0),
        ro("PCS1GANLP", 0x0421C, MAC),
        rw("HLREG0", 0x04240, MAC).reset(0x08012C0B),
        rw("MSCA", 0x0425C, "docs/82599.md 2.6, 0.1 item 5").selfClearing(1 << 30),
        rw("MSRWD", 0x04260, MAC).writable(0xFFFF),
        rw("MAXFRS", 0x04268, MAC).reset(0x05EE0000),
        rw("MFLCN", 0x04294, MAC),
        // LMS 3, 10G serial: the way of a board with SFP+ cages (docs/82599.md 2.6 note 3).
        rw("AUTOC", 0x042A0, "docs/82599.md 2.6, 3.7").reset(0xC09C6004).selfClearing(1 << 12),
        ro("LINKS", 0x042A4, "docs/82599.md 2.6, 3.7"),
        rw("AUTOC2", 0x042A8, "docs/82599.md 2.6, 3.7").reset(0x000A0000),
        rw("AUTOC3", 0x042AC, MAC),
        // Arbitration state [19:16] must not read 0 (docs/82599.md 3.7).
        ro("ANLP1", 0x042B0, "docs/82599.md 2.6, 3.7").reset(0x00010000),
        ro("LINKS2", 0x04324, MAC),
        rw("TSYNCRXCTL", 0x05188, TIME),
        rw("TSYNCTXCTL", 0x08C00, TIME),
        ro("RXSTMPL", 0x051E8, TIME),
        ro("RXSTMPH", 0x051A4, TIME),
        ro("RXSATRL", 0x051A0, TIME),
        ro("RXSATRH", 0x051A8, TIME),
        rw("RXMTRL", 0x05120, TIME),
        ro("TXSTMPL", 0x08C04, TIME),
        ro("TXSTMPH", 0x08C08, TIME),
        rw("SYSTIML", 0x08C0C, TIME),
        rw("SYSTIMH", 0x08C10, TIME),
        rw("TIMINCA", 0x08C14, TIME),
        rw("TIMADJL", 0x08C18, TIME),
        rw("TIMADJH", 0x08C1C, TIME),
        rw("TSAUXC", 0x08C20, TIME),
        rw("TRGTTIML0", 0x08C24, TIME),
        rw("TRGTTIMH0", 0x08C28, TIME),
        rw("CLKTIML", 0x08C34, TIME),
        rw("CLKTIMH", 0x08C38, TIME),
        ro("AUXSTMPL0", 0x08C3C, TIME),
        ro("AUXSTMPH0", 0x08C40, TIME),
        rw("TSICR", 0x08C60, TIME),
        rw("TSIM", 0x08C68, TIME));
  }

  private static Register rw(String name, int offset, String fact) {
    return Register.of(name, Access.RW, offset, fact);
  }

  private static Register ro(String name, int offset, String fact) {
    return Register.of(name, Access.RO, offset, fact);
  }
}
