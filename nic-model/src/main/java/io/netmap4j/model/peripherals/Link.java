package io.netmap4j.model.peripherals;

import io.netmap4j.model.pci.Interrupts;
import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterMap82599;
import java.util.function.BooleanSupplier;

/**
 * The link, with STATUS, which shows it, and MDIO, behind which there is no PHY. For who holds the
 * card's lock.
 *
 * <p>The link is up while the card is attached to a wire that brings light, its cable is plugged
 * in, and its laser is on: ESDP.SDP3 = 0, as after a reset (docs/82599.md 3.7). It comes up at
 * once. It is also up while the MAC receives what it sends (HLREG0.LPBK) and is forced up
 * (AUTOC.FLU): LX ixgbe_setup_loopback_test and DP ixgbe_setup_loopback_link_82599 set both.
 */
public final class Link {
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

  /** Up, 10 Gb/s (docs/82599.md 3.7). */
  private static final int LINKS_UP = 0x70000080;

  private final RegisterFile registers;
  private final Interrupts interrupts;
  private final int lanId;
  private BooleanSupplier carrier = () -> false;
  private boolean plugged = true;
  private boolean powered = true;
  private volatile boolean lit = true;
  private boolean up;

  /**
   * A link that is down: no wire is attached.
   *
   * @param lanId 0 or 1, which STATUS shows
   */
  public Link(RegisterFile registers, Interrupts interrupts, int lanId) {
    this.registers = registers;
    this.interrupts = interrupts;
    this.lanId = lanId;
    registers.onRead("STATUS", i -> status());
    registers.onRead("LINKS", i -> refresh() ? LINKS_UP : 0);
    for (String name : new String[] {"ESDP", "HLREG0", "AUTOC"}) {
      int offset = RegisterMap82599.find(name).offset();
      registers.onWrite(
          name,
          (i, value) -> {
            registers.store(offset, value);
            refresh();
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
  }

  private int status() {
    int gio = (registers.get(CTRL) & GIO_DIS) == 0 ? STATUS_GIO : 0;
    return registers.get(STATUS) & ~STATUS_GIO | gio | lanId << 2 | (refresh() ? STATUS_LINK : 0);
  }

  /** True when the link is up, which the card may not have noticed yet. */
  public boolean up() {
    return up || state();
  }

  /** The MAC receives what it sends, and nothing from the wire. */
  private boolean looped() {
    return (registers.get(HLREG0) & LPBK) != 0;
  }

  /** The card sends light: what the other end of its wire goes by. Any thread. */
  public boolean lit() {
    return lit;
  }

  /**
   * Attaches a wire.
   *
   * @param light whether the wire brings any; null without a wire
   */
  public void carrier(BooleanSupplier light) {
    carrier = light == null ? () -> false : light;
    refresh();
  }

  /** Plugs the cable in (true, as at first) or pulls it. */
  public void plugged(boolean cable) {
    plugged = cable;
    refresh();
  }

  /** Gives the card power (true, as at first) or takes it away. */
  public void powered(boolean on) {
    powered = on;
    refresh();
  }

  /** Takes the state after a reset, which raises no cause. */
  public void reset() {
    up = state();
  }

  /** Finds out whether the link is up; a change raises LSC. @return true: up */
  public boolean refresh() {
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
