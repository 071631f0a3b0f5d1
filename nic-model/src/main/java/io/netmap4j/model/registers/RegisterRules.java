package io.netmap4j.model.registers;

/** Rules that join registers: what one may hold depends on another. */
public final class RegisterRules {
  private static final int RXEN = 1;

  private final RegisterFile registers;

  /** Adds the rules to {@code registers}. */
  public RegisterRules(RegisterFile registers) {
    this.registers = registers;
    rule(
        "RXCSUM",
        (old, value) -> old != value && (get("RXCTRL", 0) & RXEN) != 0,
        "RXCSUM is written with RXCTRL.RXEN = 0 only (DS2)");
    rule(
        "MTQC",
        (old, value) -> old != value && (get("RTTDCS", 0) & 1 << 6) == 0,
        "MTQC is written while RTTDCS.ARBDIS = 1 only");
    if (!registers.chip().registerSemaphore()) {
      rule(
          "GSSR",
          (old, value) -> old != value && (get("SWSM", 0) & 2) == 0,
          "SWSM.SWESMBI must be held (docs/82599.md 3.6)");
    }
    int rxctrl = RegisterMap82599.find("RXCTRL").offset();
    registers.addRule(
        rxctrl,
        value -> {
          if ((value & ~registers.get(rxctrl) & RXEN) != 0 && crcStripDiffers()) {
            // iPXE intelx_open (its SECRC is bit 0), LX ixgbe_setup_loopback_test and FreeBSD's ix
            // run so.
            registers.warn(
                rxctrl,
                value,
                "RDRXCTL.CRCSTRIP and HLREG0.RXCRCSTRP should be equal: frames come as HLREG0 says"
                    + " (docs/82599.md 4.9)");
          }
        });
    rule(
        "RXCTRL",
        (old, value) ->
            (value & ~old & RXEN) != 0 && packetBufferKilobytes() > registers.chip().packetBuffer(),
        "RXPBSIZE(0..7), and the filters of FDIRCTRL, are more than the "
            + registers.chip().packetBuffer()
            + " KB there are (docs/82599.md 3.1 step 11, 9)");
    int fdirctrl = RegisterMap82599.find("FDIRCTRL").offset();
    // No rule, and the only behaviour that the filters have here: INIT_DONE at once (docs/82599.md
    // 5.5).
    registers.onWrite("FDIRCTRL", (i, value) -> registers.set(fdirctrl, value | 1 << 3));
  }

  private interface Broken {
    boolean test(int old, int value);
  }

  private void rule(String name, Broken broken, String text) {
    int offset = RegisterMap82599.find(name).offset();
    registers.addRule(
        offset,
        value -> {
          if (broken.test(registers.get(offset), value)) {
            registers.refuse(offset, value, text);
          }
        });
  }

  private int get(String name, int index) {
    return registers.get(RegisterMap82599.find(name).offset(index));
  }

  private boolean crcStripDiffers() {
    return (get("RDRXCTL", 0) >> 1 & 1) != (get("HLREG0", 0) >> 1 & 1);
  }

  /**
   * Buffers 1 to 7 are as large as buffer 0 after a reset. That does no harm until the filters want
   * a place, and DP leaves them so until then (its ixgbe_fdir_configure says why): they don't count
   * while they are as the reset left them and there are no filters.
   */
  private int packetBufferKilobytes() {
    int filters = get("FDIRCTRL", 0) & 3;
    int sum = filters == 0 ? 0 : 32 << filters;
    for (int i = 0; i < 8; i++) {
      int size = get("RXPBSIZE", i) >> 10 & 0x3FF;
      sum += i > 0 && filters == 0 && size == registers.chip().packetBuffer() ? 0 : size;
    }
    return sum;
  }
}
