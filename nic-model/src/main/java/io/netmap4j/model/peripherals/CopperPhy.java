package io.netmap4j.model.peripherals;

import io.netmap4j.model.registers.Chip;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * The 10GBASE-T PHY: its registers, as MDIO clause 45 numbers them, and autonegotiation with the
 * other end of the cable (docs/82599.md 3.8). A reset of the MAC leaves it alone. For who holds the
 * card's lock.
 */
final class CopperPhy {
  private static final int PMA = 1;
  private static final int AN = 7;
  private static final int VENDOR = 30;

  /** MMDs 1, 3, 4, 7 in "devices in package", and 30 and 29, the vendor's, in its second word. */
  private static final int DEVICES = 1 << 1 | 1 << 3 | 1 << 4 | 1 << 7;

  private static final int DEVICES_2 = 1 << 14;

  private static final int CONTROL = 0;
  private static final int STATUS = 1;
  private static final int RESET = 1 << 15;
  private static final int LOW_POWER = 1 << 11;
  private static final int AN_ENABLE = 1 << 12;
  private static final int AN_RESTART = 1 << 9;
  private static final int ADVERTISE = 0x10;
  private static final int PARTNER = 0x13;
  private static final int CONTROL_10G = 0x20;
  private static final int STATUS_10G = 0x21;
  private static final int VENDOR_ADVERTISE = 0xC400;
  private static final int VENDOR_STATUS = 0xC800;
  private static final int VENDOR_ALARM_2 = 0xCC01;
  private static final int PARTNER_VENDOR = 0xE820;
  private static final int GLOBAL_ALARM = 0xCC00;
  private static final int FAULT = 0xC850;
  private static final int TOO_HOT = 1 << 14;
  private static final int FAULT_TOO_HOT = 0x8007;
  private static final int NEVER = 0xFFFF;

  private final Chip chip;
  private final Copper made;
  private final LongSupplier clock;
  private final Runnable started;
  private final Map<Integer, Integer> values = new HashMap<>();
  private boolean hot;
  private int offered;
  private int sent;
  private boolean linked;
  private boolean linkWasDown = true;
  private boolean linkChanged;
  private long readyAt;
  private Speed speed;

  /**
   * @param clock nanoseconds
   * @param started is told when autonegotiation begins
   */
  CopperPhy(Chip chip, Copper made, LongSupplier clock, Runnable started) {
    this.started = started;
    this.chip = chip;
    this.made = made;
    this.clock = clock;
    this.hot = made.hot();
  }

  /** As it comes up with the card's power. */
  void powerOn() {
    reset();
    put(VENDOR, CONTROL, made.lowPower() ? LOW_POWER : 0);
  }

  /** A soft reset: every register but the power's. */
  private void reset() {
    int power = get(VENDOR, CONTROL) & LOW_POWER;
    values.clear();
    put(VENDOR, CONTROL, power);
    for (int mmd : new int[] {PMA, 3, 4, AN, VENDOR}) {
      put(mmd, 2, 0x0154);
      put(mmd, 3, chip == Chip.X540 ? 0x0200 : 0x0223);
      put(mmd, 5, DEVICES);
      put(mmd, 6, DEVICES_2);
      put(mmd, 8, 0x8000);
    }
    // Speeds: 10G, 1G, 100M; 10GBASE-T, 1000BASE-T, 100BASE-TX.
    put(PMA, 4, 1 | 1 << 4 | 1 << 5);
    put(PMA, 0xB, 1 << 2 | 1 << 5 | 1 << 7);
    put(AN, CONTROL, AN_ENABLE);
    put(AN, ADVERTISE, 1 << 8 | 1);
    put(AN, CONTROL_10G, 1 << 12);
    put(AN, VENDOR_ADVERTISE, chip == Chip.X540 ? 1 << 15 : 1 << 15 | 1 << 11 | 1 << 10);
    put(VENDOR, 0x20, 0x0201);
    restart();
  }

  private static int key(int mmd, int register) {
    return mmd << 16 | register;
  }

  private void put(int mmd, int register, int value) {
    values.put(key(mmd, register), value);
  }

  private int get(int mmd, int register) {
    return values.getOrDefault(key(mmd, register), 0);
  }

  // MDIO.

  /** A read by the driver. */
  int read(int mmd, int register) {
    if (made.absent() || mmd != VENDOR && (mmd > AN || (DEVICES >> mmd & 1) == 0)) {
      return NEVER;
    }
    if (register == STATUS && mmd != VENDOR) {
      return status(mmd);
    }
    return switch (key(mmd, register)) {
      case AN << 16 | PARTNER -> linked ? 1 << 14 | 1 | partnerBase() : 0;
      case AN << 16 | STATUS_10G -> linked && offers(Speed.G10) ? 1 << 11 : 0;
      case AN << 16 | VENDOR_STATUS -> linked ? speed.rate() << 1 | 1 : 0;
      case AN << 16 | VENDOR_ALARM_2 -> takeLinkChanged();
      case AN << 16 | PARTNER_VENDOR -> linked ? partnerVendor() : 0;
      case VENDOR << 16 | GLOBAL_ALARM -> hot ? TOO_HOT : 0;
      case VENDOR << 16 | FAULT -> hot ? FAULT_TOO_HOT : 0;
      default -> get(mmd, register);
    };
  }

  /** Bit 2 is the link, and stays 0 after it was down until it is read (IEEE 802.3 clause 45). */
  private int status(int mmd) {
    int link = linked && !linkWasDown ? 1 << 2 : 0;
    linkWasDown = !linked;
    int negotiated = mmd == AN && linked ? 1 << 5 | 1 : 0;
    return link | negotiated | 1 << 3;
  }

  private int takeLinkChanged() {
    int value = linkChanged ? 1 : 0;
    linkChanged = false;
    return value;
  }

  private boolean offers(Speed of) {
    return (offered & of.bit()) != 0;
  }

  private int partnerBase() {
    return made.pause() | (offers(Speed.M100) ? 1 << 8 : 0);
  }

  private int partnerVendor() {
    return (offers(Speed.G1) ? 1 << 15 : 0)
        | (offers(Speed.G5) ? 1 << 11 : 0)
        | (offers(Speed.G2_5) ? 1 << 10 : 0);
  }

  /** A write by the driver. */
  void write(int mmd, int register, int value) {
    if (made.absent() || mmd != VENDOR && (mmd > AN || (DEVICES >> mmd & 1) == 0)) {
      return;
    }
    if (register == CONTROL && (value & RESET) != 0) {
      reset();
    } else if (mmd == AN && register == CONTROL) {
      put(AN, CONTROL, value & ~AN_RESTART);
      if ((value & AN_RESTART) != 0) {
        restart();
      }
    } else if (mmd == VENDOR && register == CONTROL) {
      boolean wakes = (get(VENDOR, CONTROL) & ~value & LOW_POWER) != 0;
      put(VENDOR, CONTROL, value);
      if (wakes) {
        restart();
      }
    } else if (register != STATUS) {
      put(mmd, register, value);
    }
  }

  // The link.

  /** Autonegotiation begins, and what is advertised now is what counts. */
  private void restart() {
    readyAt = clock.getAsLong() + made.delayMillis() * 1_000_000;
    lose();
    started.run();
    sent = (get(AN, CONTROL) & AN_ENABLE) != 0 ? advertised() : 0;
  }

  private void lose() {
    linkChanged |= linked;
    linked = false;
    linkWasDown = true;
  }

  private int advertised() {
    int vendor = get(AN, VENDOR_ADVERTISE);
    boolean slowOnes = chip == Chip.X550;
    return bit(Speed.M100, get(AN, ADVERTISE) >> 8)
        | bit(Speed.G1, vendor >> 15)
        | (slowOnes ? bit(Speed.G2_5, vendor >> 10) | bit(Speed.G5, vendor >> 11) : 0)
        | bit(Speed.G10, get(AN, CONTROL_10G) >> 12);
  }

  private static int bit(Speed speed, int lowest) {
    return (lowest & 1) != 0 ? speed.bit() : 0;
  }

  /** What the other end sees: 0 while there is none, or it is powered down or too hot. */
  int sends() {
    boolean lit = !made.absent() && !hot && (get(VENDOR, CONTROL) & LOW_POWER) == 0;
    return lit ? sent : 0;
  }

  /**
   * Looks at the cable.
   *
   * @param light what comes in: the speeds of the other end, 0 for nothing
   * @return true when the link is up
   */
  boolean link(int light) {
    int now = sends() == 0 ? 0 : light & made.partner();
    if (now != offered) {
      offered = now;
      restart();
    }
    int common = sent & offered;
    if (common == 0) {
      lose();
    } else if (!linked && clock.getAsLong() - readyAt >= 0) {
      speed = Speed.fastest(common);
      linked = true;
      linkChanged = true;
    }
    return linked;
  }

  /** As {@link #link} found it last. */
  boolean linked() {
    return linked;
  }

  /** Of the link that is up. */
  Speed speed() {
    return speed;
  }

  /** Too hot from now on, or no longer. */
  void heat(boolean tooHot) {
    hot = tooHot;
  }

  /** Too hot now. */
  boolean hot() {
    return hot;
  }
}
