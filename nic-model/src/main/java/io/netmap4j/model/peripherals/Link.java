package io.netmap4j.model.peripherals;

import io.netmap4j.model.pci.Interrupts;
import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterMap82599;
import java.util.function.IntSupplier;

/**
 * The link, with LINKS and STATUS, which show it, and LSC, which tells of its changes. What brings
 * it up is the {@link Medium}'s matter: this class knows the cable and the power. For who holds the
 * card's lock.
 */
public final class Link {
  private static final int HLREG0 = RegisterMap82599.find("HLREG0").offset();
  private static final int STATUS_LINK = 1 << 7;
  private static final int STATUS_GIO = 1 << 19;
  private static final int GIO_DIS = 1 << 2;
  private static final int CTRL = RegisterMap82599.find("CTRL").offset();
  private static final int STATUS = RegisterMap82599.find("STATUS").offset();
  private static final int SPEED = 3 << 28;
  private static final int SPEED_1G = 2 << 28;
  private static final int SPEED_100M = 1 << 28;

  private final RegisterFile registers;
  private final Interrupts interrupts;
  private final int lanId;
  private final Medium medium;
  private IntSupplier carrier = () -> 0;
  private volatile boolean connected = true;
  private boolean plugged = true;
  private boolean powered = true;
  private int links;

  /**
   * A link that is down: no wire is attached.
   *
   * @param lanId 0 or 1, which STATUS shows
   */
  public Link(RegisterFile registers, Interrupts interrupts, int lanId, Medium medium) {
    this.registers = registers;
    this.interrupts = interrupts;
    this.lanId = lanId;
    this.medium = medium;
    registers.onRead("STATUS", i -> status());
    registers.onRead("LINKS", i -> refresh() ? links : 0);
    registers.onWrite(
        "HLREG0",
        (i, value) -> {
          registers.store(HLREG0, value);
          refresh();
        });
  }

  private int status() {
    int gio = (registers.get(CTRL) & GIO_DIS) == 0 ? STATUS_GIO : 0;
    return registers.get(STATUS) & ~STATUS_GIO | gio | lanId << 2 | (refresh() ? STATUS_LINK : 0);
  }

  /** True when frames pass, which the card may not have noticed yet. */
  public boolean up() {
    return ((links & Medium.UP) != 0 || (state() & Medium.UP) != 0) && medium.passes();
  }

  /** What the card sends: what the other end of its wire goes by. 0: no light. Any thread. */
  public int rates() {
    return connected ? medium.rates() : 0;
  }

  /** How long a byte takes on a link that is slower than the card; 0: not at all. */
  public int byteNanos() {
    return switch (links & (Medium.UP | SPEED)) {
      case Medium.UP | SPEED_1G -> 8;
      case Medium.UP | SPEED_100M -> 80;
      default -> 0;
    };
  }

  /**
   * Attaches a wire.
   *
   * @param light what the wire brings, as {@link Medium#rates}; null without a wire
   */
  public void carrier(IntSupplier light) {
    carrier = light == null ? () -> 0 : light;
    refresh();
  }

  /** Plugs the cable in (true, as at first) or pulls it. */
  public void plugged(boolean cable) {
    plugged = cable;
    connect();
  }

  /** Gives the card power (true, as at first) or takes it away. */
  public void powered(boolean on) {
    powered = on;
    connect();
  }

  private void connect() {
    connected = powered && plugged;
    refresh();
  }

  /** Takes the state after a reset, which raises no cause. */
  public void reset(Medium.Reset kind) {
    medium.reset(kind);
    links = state();
  }

  /** Finds out whether the link is up; a change raises LSC. @return true: LINKS.UP */
  public boolean refresh() {
    int now = state();
    int change = now ^ links;
    links = now;
    // Another speed is another link: it was down in between, however shortly.
    if ((change & (Medium.UP | SPEED)) != 0) {
      interrupts.raise(Interrupts.LSC);
    }
    return (links & Medium.UP) != 0;
  }

  private int state() {
    return medium.links(connected ? carrier.getAsInt() : 0);
  }
}
