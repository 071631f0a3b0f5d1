package io.netmap4j.model.peripherals;

import io.netmap4j.model.link.PartnerOptions;
import io.netmap4j.model.pci.Interrupts;
import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterMap82599;
import java.util.function.LongSupplier;

/**
 * The way of an X540 or X550 to the wire: a PHY behind MDIO, which negotiates with the other end of
 * the cable (docs/82599.md 3.8). For who holds the card's lock.
 *
 * <p>The link is also up while the MAC receives what it sends (HLREG0.LPBK) and is forced up
 * (MACC.FLU): LX ixgbe_setup_loopback_test sets both.
 */
public final class CopperMedium implements Medium {
  private static final int HLREG0 = RegisterMap82599.find("HLREG0").offset();
  private static final int MACC = RegisterMap82599.find("MACC").offset();
  private static final int LPBK = 1 << 15;
  private static final int FLU = 1;
  private static final int LINKED = UP | 1 << 7;

  private final RegisterFile registers;
  private final Interrupts interrupts;
  private final LongSupplier clock;
  private final CopperPhy phy;
  private Partner partner;

  /** What we send; volatile for the other end of the wire. */
  private volatile int rates;

  /**
   * @param clock nanoseconds
   */
  public CopperMedium(
      RegisterFile registers,
      Interrupts interrupts,
      Copper copper,
      PartnerOptions partner,
      LongSupplier clock) {
    this.registers = registers;
    this.interrupts = interrupts;
    this.clock = clock;
    this.partner = new Partner(partner, clock);
    this.phy = new CopperPhy(registers.chip(), copper, clock, () -> this.partner.negotiate());
    new Mdio(registers, phy, this::configure);
  }

  private void configure() {
    rates = phy.sends();
  }

  @Override
  public int rates() {
    return rates;
  }

  @Override
  public int links(int light) {
    if ((registers.get(HLREG0) & LPBK) != 0 && (registers.get(MACC) & FLU) != 0) {
      return LINKED | Speed.G10.links();
    }
    int offered = partner.light(light, rates);
    return phy.link(offered) && partner.ready() ? LINKED | phy.speed().links() : 0;
  }

  @Override
  public void reset(Reset kind) {
    if (kind == Reset.POWER_ON) {
      phy.powerOn();
      partner.negotiate();
    }
    configure();
  }

  @Override
  public void partner(PartnerOptions other) {
    partner = new Partner(other, clock);
  }

  @Override
  public boolean partnerSends() {
    return phy.linked() && partner.sends();
  }

  /** Too hot from now on, or no longer: the PHY raises TS and goes dark. */
  public void heat(boolean tooHot) {
    if (tooHot && !phy.hot()) {
      interrupts.raise(Interrupts.TS);
    }
    phy.heat(tooHot);
    configure();
  }
}
