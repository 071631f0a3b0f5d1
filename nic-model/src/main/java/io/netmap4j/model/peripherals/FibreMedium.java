package io.netmap4j.model.peripherals;

import io.netmap4j.model.link.Analog;
import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.link.ModuleKind;
import io.netmap4j.model.link.PartnerOptions;
import io.netmap4j.model.link.Rates;
import io.netmap4j.model.pci.Interrupts;
import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterMap82599;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/**
 * The 82599's way to the wire (docs/82599.md 3.5, 3.7): AUTOC and AUTOC2, a module in a cage with
 * its pins, or a backplane, and no PHY behind MDIO. For who holds the card's lock.
 *
 * <p>There is a link while all of this fits: AUTOC's mode, the module and the partner have a speed
 * in common, the laser is on (ESDP.SDP3 = 0), AUTOC2 does not disable the link, and the link has
 * been started as the options want it. It is also up while the MAC receives what it sends
 * (HLREG0.LPBK) and is forced up (AUTOC.FLU): LX ixgbe_setup_loopback_test and DP
 * ixgbe_setup_loopback_link_82599 set both.
 */
public final class FibreMedium implements Medium {
  private static final int ESDP = RegisterMap82599.find("ESDP").offset();
  private static final int HLREG0 = RegisterMap82599.find("HLREG0").offset();
  private static final int AUTOC = RegisterMap82599.find("AUTOC").offset();
  private static final int AUTOC2 = RegisterMap82599.find("AUTOC2").offset();
  private static final int GPIE = RegisterMap82599.find("GPIE").offset();
  private static final int MSCA = RegisterMap82599.find("MSCA").offset();
  private static final int MSRWD = RegisterMap82599.find("MSRWD").offset();
  private static final int MMNGC = RegisterMap82599.find("MMNGC").offset();
  private static final int CORECTL = RegisterMap82599.find("CORECTL").offset();
  private static final int LPBK = 1 << 15;
  private static final int FLU = 1;
  private static final int LMS_SHIFT = 13;
  private static final int LMS = 7 << LMS_SHIFT;
  private static final int KR = 1 << 16;

  /** AUTOC2: what serial 10G is, 2 for SFI. */
  private static final int SERIAL = 3 << 16;

  private static final int LINK_DISABLED = 0x70000000;
  private static final int DISABLED_BY_NVM = 0x50000000;
  private static final int MAC_CSR = 1 << 3;

  /** Pins: signal lost, module present, laser off, rate of a dual-rate module. */
  private static final int SDP1 = 1 << 1;

  private static final int SDP2 = 1 << 2;
  private static final int SDP3 = 1 << 3;
  private static final int SDP5 = 1 << 5;

  /** GPIE's SDPn_GPIEN has the pin's bit; EICR's is this much higher. */
  private static final int PIN_TO_CAUSE = 24;

  private static final int UP_10G = UP | 3 << 28 | 1 << 7;
  private static final int UP_1G = UP | 2 << 28 | 1 << 7;
  private static final int AN_DONE = 1 << 31;

  private final RegisterFile registers;
  private final Interrupts interrupts;
  private final LinkOptions options;
  private final LongSupplier clock;
  private final FibreMode mode;
  private final Semaphores semaphores;
  private final AnalogWords analog;
  private final LinkStartup startup;
  private final SplittableRandom noise = new SplittableRandom(1);
  private Partner partner;
  private ModuleKind module;
  private boolean signal;
  private boolean up;

  /** What we send and can receive; volatile for the other end of the wire. */
  private volatile int rates;

  public FibreMedium(
      RegisterFile registers,
      Interrupts interrupts,
      Semaphores semaphores,
      LinkOptions options,
      int lanId,
      FibreMode mode,
      LongSupplier clock) {
    this.registers = registers;
    this.interrupts = interrupts;
    this.semaphores = semaphores;
    this.options = options;
    this.clock = clock;
    this.mode = mode;
    this.module = options.module();
    this.analog = new AnalogWords(lanId);
    this.startup = new LinkStartup(options.start(), registers, clock);
    this.partner = new Partner(options.partner(), clock);
    hooks();
  }

  private void hooks() {
    registers.onWrite("AUTOC", (i, value) -> writeAutoc(value));
    registers.onWrite("AUTOC2", (i, value) -> store(AUTOC2, value));
    registers.onWrite("ESDP", (i, value) -> writeEsdp(value));
    registers.onRead("ESDP", i -> esdp());
    registers.onRead("PCS1GLSTA", i -> up && mode.negotiates1G(lms()) ? 0x10001 : 0);
    registers.onRead("LINKS2", i -> up && mode.negotiates(lms()) ? 1 << 6 : 0);
    registers.onWrite(
        "CORECTL",
        (i, value) -> {
          registers.store(CORECTL, value);
          analog.write(value);
          configure();
        });
    registers.onWrite(
        "MSCA",
        (i, value) -> {
          registers.store(MSCA, value);
          // No PHY answers: the read half is all ones (docs/82599.md 10.5 item 5).
          registers.set(MSRWD, registers.get(MSRWD) | 0xFFFF0000);
        });
  }

  private void store(int register, int value) {
    registers.store(register, value);
    configure();
  }

  private int lms() {
    return startup.autoc() >> LMS_SHIFT & 7;
  }

  @Override
  public void reset(Reset kind) {
    int autoc = registers.get(AUTOC) & ~LMS | options.nvm().lms() << LMS_SHIFT;
    registers.set(AUTOC, options.nvm().untrainedKr() ? autoc | KR : autoc);
    if (!options.nvm().serialIsSfi()) {
      registers.set(AUTOC2, registers.get(AUTOC2) & ~SERIAL);
    }
    if (options.nvm().linkDisabled()) {
      registers.set(AUTOC2, registers.get(AUTOC2) | DISABLED_BY_NVM);
    }
    if (options.firmware().veto()) {
      registers.set(MMNGC, 1);
    }
    presence();
    startup.reset(kind);
    if (kind == Reset.POWER_ON) {
      analog.forget();
    }
    if (kind != Reset.SOFT) {
      partner.restart(kind == Reset.POWER_ON);
    }
    configure();
  }

  private void presence() {
    int pins = registers.get(ESDP) & ~SDP2;
    registers.set(ESDP, module == ModuleKind.ABSENT ? pins : pins | SDP2);
  }

  /** Puts another module into the cage, or pulls it out. */
  public void module(ModuleKind kind) {
    boolean inserted = kind != ModuleKind.ABSENT && module == ModuleKind.ABSENT;
    module = kind;
    analog.forget();
    presence();
    if (inserted) {
      partner.restart(false);
      pinRises(SDP2);
    }
    configure();
  }

  @Override
  public void partner(PartnerOptions other) {
    partner = new Partner(other, clock);
  }

  private void pinRises(int pin) {
    if ((registers.get(GPIE) & pin) != 0) {
      interrupts.raise(pin << PIN_TO_CAUSE);
    }
  }

  private void writeAutoc(int value) {
    if (options.nvm().lesm() && !semaphores.held(MAC_CSR)) {
      registers.refuse(
          AUTOC, value, "with LESM on, AUTOC is written under GSSR bit 3 (docs/82599.md 3.7)");
    }
    registers.store(AUTOC, value);
    if (options.firmware().veto()) {
      registers.warn(AUTOC, value, "MMNGC.MNG_VETO is 1: the link does not follow");
    } else {
      if (startup.write(value)) {
        partner.restart(false);
      }
      configure();
    }
  }

  private void writeEsdp(int value) {
    boolean lit = (registers.get(ESDP) & SDP3) == 0;
    registers.store(ESDP, value);
    if (!lit && (value & SDP3) == 0) {
      partner.restart(false);
    }
    configure();
  }

  /** SDP1 is the module's loss of signal, where there is a module that tells. */
  private int esdp() {
    boolean tells = module.optical();
    return tells && !signal ? registers.get(ESDP) | SDP1 : registers.get(ESDP);
  }

  /** After a change of anything but the light. */
  private void configure() {
    int fits = mode.rates(startup.autoc(), registers.get(AUTOC2));
    if (mode.cage()) {
      fits &= module.rates();
    }
    boolean offersKr = mode.negotiates(lms()) && (startup.autoc() & KR) != 0;
    if (options.nvm().untrainedKr() && offersKr) {
      fits = 0;
    }
    if (module == ModuleKind.DUAL_RATE) {
      fits &= (registers.get(ESDP) & SDP5) != 0 ? Rates.R10G : Rates.R1G;
    }
    boolean disabled = (registers.get(AUTOC2) & LINK_DISABLED) != 0;
    boolean dark = options.analog() == Analog.DARK && !analog.right(module);
    boolean empty = mode.cage() && module == ModuleKind.ABSENT;
    int sent = startup.started() && !dark && !disabled ? fits | Rates.LIGHT : Rates.LIGHT;
    rates = laser() && !empty ? sent : 0;
  }

  @Override
  public int rates() {
    return rates;
  }

  @Override
  public int links(int light) {
    if ((registers.get(HLREG0) & LPBK) != 0 && (registers.get(AUTOC) & FLU) != 0) {
      up = true;
      return UP_10G;
    }
    int wanted = rates;
    int offered = partner.light(light, wanted);
    if (signal && offered == 0 && module.optical()) {
      pinRises(SDP1);
    }
    signal = offered != 0;
    int common = Integer.highestOneBit(wanted & offered);
    up = Rates.any(common) && partner.ready();
    if (!up) {
      return options.nvm().crosstalk() && module == ModuleKind.ABSENT ? UP_10G : 0;
    }
    int links = common == Rates.R10G ? UP_10G : UP_1G;
    return mode.negotiates(lms()) || mode.negotiates1G(lms()) ? links | AN_DONE : links;
  }

  @Override
  public boolean passes() {
    return up;
  }

  @Override
  public boolean garbles() {
    return options.analog() == Analog.CRC && !analog.right(module) && noise.nextBoolean();
  }

  @Override
  public boolean partnerSends() {
    return up && partner.sends();
  }

  /** What the module would measure: light comes in. */
  public boolean signal() {
    return signal;
  }

  /** ESDP.SDP3 = 0. */
  public boolean laser() {
    return (registers.get(ESDP) & SDP3) == 0;
  }
}
