package io.netmap4j.model.peripherals;

import io.netmap4j.model.pci.Interrupts;
import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterMap82599;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Link, MDIO, timers, and the few rules that join two registers. For who holds the card's lock.
 *
 * <p>The link is up while a wire is attached that brings light, nobody has unplugged it, and the
 * laser is on: ESDP.SDP3 = 0, which it is after a reset (docs/82599.md 3.7). It is up at once. It
 * is up, too, while the MAC hears itself (HLREG0.LPBK) and is told that the link is up (AUTOC.FLU):
 * LX ixgbe_setup_loopback_test and DP ixgbe_setup_loopback_link_82599 set both.
 */
public final class GeneralUnit {
  private static final int ESDP = RegisterMap82599.find("ESDP").offset();
  private static final int LASER_OFF = 1 << 3;
  private static final int HLREG0 = RegisterMap82599.find("HLREG0").offset();
  private static final int LPBK = 1 << 15;
  private static final int AUTOC = RegisterMap82599.find("AUTOC").offset();
  private static final int FLU = 1;
  private static final int STATUS_LINK = 1 << 7;
  private static final int STATUS_GIO = 1 << 19;
  private static final int GIO_DIS = 1 << 2;
  private static final int CTRL = RegisterMap82599.find("CTRL").offset();
  private static final int STATUS = RegisterMap82599.find("STATUS").offset();
  // UP, 10 Gb/s (docs/82599.md 3.7).
  private static final int LINKS_UP = 0x70000080;
  private static final int RXEN = 1;
  private static final int PACKET_BUFFER = 512; // KB
  private static final int SYSTIM_TICK = 10;

  private final RegisterFile registers;
  private final Interrupts interrupts;
  private final int lanId;
  private final LongSupplier clock;
  private BooleanSupplier carrier = () -> false;
  private boolean plugged = true;
  private boolean powered = true;
  private volatile boolean lit = true;
  private boolean up;
  private int systimHigh;

  public GeneralUnit(RegisterFile registers, Interrupts interrupts, int lanId, LongSupplier clock) {
    this.registers = registers;
    this.interrupts = interrupts;
    this.lanId = lanId;
    this.clock = clock;
    registers.onRead("STATUS", i -> status());
    registers.onRead("LINKS", i -> look() ? LINKS_UP : 0);
    for (String name : new String[] {"ESDP", "HLREG0", "AUTOC"}) {
      int offset = RegisterMap82599.find(name).offset();
      registers.onWrite(
          name,
          (i, value) -> {
            registers.store(offset, value);
            look();
          });
    }
    int msrwd = RegisterMap82599.find("MSRWD").offset();
    registers.onWrite(
        "MSCA",
        (i, value) -> {
          registers.store(RegisterMap82599.find("MSCA").offset(), value);
          // No PHY answers: the read half is all ones (docs/82599.md 10.5 item 5).
          registers.set(msrwd, registers.get(msrwd) | 0xFFFF0000);
        });
    timers();
    rules();
  }

  private void timers() {
    registers.onRead("FRTIMER", i -> (int) (clock.getAsLong() / 1000));
    // Reading the low half latches the high one (docs/82599.md 2.7); here a tick is 10 ns.
    registers.onRead(
        "SYSTIML",
        i -> {
          long now = clock.getAsLong() / SYSTIM_TICK;
          systimHigh = (int) (now >>> 32);
          return (int) now;
        });
    registers.onRead("SYSTIMH", i -> systimHigh);
    int fdirctrl = RegisterMap82599.find("FDIRCTRL").offset();
    // INIT_DONE at once (docs/82599.md 5.5).
    registers.onWrite("FDIRCTRL", (i, value) -> registers.set(fdirctrl, value | 1 << 3));
  }

  private void rules() {
    rule(
        "RXCSUM",
        (old, value) -> old != value && (get("RXCTRL", 0) & RXEN) != 0,
        "RXCSUM is written with RXCTRL.RXEN = 0 only (DS2)");
    rule(
        "MTQC",
        (old, value) -> old != value && (get("RTTDCS", 0) & 1 << 6) == 0,
        "MTQC is written while RTTDCS.ARBDIS = 1 only");
    rule(
        "GSSR",
        (old, value) -> old != value && (get("SWSM", 0) & 2) == 0,
        "SWSM.SWESMBI must be held (docs/82599.md 3.6)");
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
        (old, value) -> (value & ~old & RXEN) != 0 && packetBufferKilobytes() > PACKET_BUFFER,
        "RXPBSIZE(0..7), and the filters of FDIRCTRL, are more than the 512 KB there are "
            + "(docs/82599.md 3.1"
            + " step 11)");
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
      sum += i > 0 && filters == 0 && size == PACKET_BUFFER ? 0 : size;
    }
    return sum;
  }

  private int status() {
    int gio = (registers.get(CTRL) & GIO_DIS) == 0 ? STATUS_GIO : 0;
    return registers.get(STATUS) & ~STATUS_GIO | gio | lanId << 2 | (look() ? STATUS_LINK : 0);
  }

  /** A frame may come by a link that is up and has not been looked at since. */
  public boolean linkUp() {
    return up || state();
  }

  /** The MAC hears itself, and not the wire. */
  public boolean looped() {
    return (registers.get(HLREG0) & LPBK) != 0;
  }

  /** The card sends light: what the other end of its wire goes by. Any thread. */
  public boolean lit() {
    return lit;
  }

  /**
   * @param light whether the wire brings any; null without a wire
   */
  public void wired(BooleanSupplier light) {
    carrier = light == null ? () -> false : light;
    look();
  }

  public void plugged(boolean cable) {
    plugged = cable;
    look();
  }

  public void powered(boolean on) {
    powered = on;
    look();
  }

  /** After a reset: the new state is the state, and no cause. */
  public void reset() {
    up = state();
  }

  /** Finds out whether the link is up; a change is a cause, LSC. */
  public boolean look() {
    if (state() != up) {
      up = !up;
      interrupts.raise(Interrupts.LSC);
    }
    return up;
  }

  private boolean state() {
    lit = powered && plugged && (registers.get(ESDP) & LASER_OFF) == 0;
    return looped() && (registers.get(AUTOC) & FLU) != 0 || lit && carrier.getAsBoolean();
  }
}
