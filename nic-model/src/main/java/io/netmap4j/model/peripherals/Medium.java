package io.netmap4j.model.peripherals;

import io.netmap4j.model.link.PartnerOptions;

/**
 * What is between the MAC and the wire: what AUTOC, a PHY or a module make of the light that comes.
 * For who holds the card's lock, but {@link #rates}.
 */
public interface Medium {
  /** LINKS.UP. */
  int UP = 1 << 30;

  /** What a reset takes with it. */
  enum Reset {
    POWER_ON,
    /** CTRL.RST and function-level reset: registers. */
    SOFT,
    /** CTRL.LRST: the link too. */
    LINK
  }

  /**
   * What the card sends, or can receive: a mask of {@link io.netmap4j.model.link.Rates}. 0: no
   * light. Any thread.
   */
  int rates();

  /**
   * LINKS as it is now.
   *
   * @param light what the other end sends, as {@link #rates}
   */
  int links(int light);

  /** After the registers' own reset: loads from the NVM what is its own. */
  void reset(Reset kind);

  /** Puts another partner at the other end. */
  void partner(PartnerOptions other);

  /** True once each millisecond of a link whose partner sends already. */
  boolean partnerSends();

  /** False: LINKS shows a link that is none. */
  default boolean passes() {
    return true;
  }

  /** True: this frame arrives with a wrong CRC. */
  default boolean garbles() {
    return false;
  }
}
