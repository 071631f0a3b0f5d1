package io.netmap4j.model.peripherals;

import io.netmap4j.model.link.PartnerOptions;
import io.netmap4j.model.link.Rates;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/** What the other end of the cable does over time, as the options have it. */
final class Partner {
  private static final long MILLI = 1_000_000;

  private final PartnerOptions options;
  private final LongSupplier clock;
  private final SplittableRandom flaps;
  private final SplittableRandom starts;

  /** Since when all fits; -1: it doesn't. */
  private long since = -1;

  /** When all fitted first. */
  private long first = -1;

  /** A start that has failed: no link until the next. */
  private boolean failed;

  private boolean out;
  private int left;
  private long nextFlap = -1;
  private long nextFrame;

  Partner(PartnerOptions options, LongSupplier clock) {
    this.options = options;
    this.clock = clock;
    this.flaps = new SplittableRandom(options.flapSeed());
    this.starts = new SplittableRandom(options.busySeed());
    this.left = options.flaps();
  }

  /**
   * The link starts anew.
   *
   * @param powerOn the first time, which fails if the partner sends already
   */
  void restart(boolean powerOn) {
    since = -1;
    failed = options.busy() && (powerOn || starts.nextBoolean());
  }

  /**
   * The same for a PHY, which goes on trying by itself when a start has failed (IEEE 802.3 28.3,
   * link_fail_inhibit_timer).
   */
  void negotiate() {
    since = -1;
  }

  /**
   * What it sends.
   *
   * @param wire what comes from the wire's other end
   * @param wanted what we can receive: a mask of rates
   */
  int light(int wire, int wanted) {
    int light = wire == 0 ? 0 : offered(wire);
    if (!options.behaves()) {
      return light;
    }
    long now = clock.getAsLong();
    if (light != 0 && (vanished(now) || flapped(now))) {
      light = 0;
    }
    boolean fits = Rates.any(light & wanted);
    since = !fits ? -1 : since < 0 ? now : since;
    first = fits && first < 0 ? now : first;
    return light;
  }

  private int offered(int wire) {
    return switch (options.rates()) {
      case PartnerOptions.AS_WIRED -> wire;
      case 0 -> 0;
      default -> options.rates() | Rates.LIGHT;
    };
  }

  private boolean vanished(long now) {
    return options.vanishAfter() >= 0
        && first >= 0
        && now - first >= options.vanishAfter()
        && now - first - options.vanishAfter() < options.vanishFor();
  }

  private boolean flapped(long now) {
    if (options.flap() == 0) {
      return false;
    }
    if (nextFlap < 0) {
      nextFlap = now + interval();
    }
    while (now - nextFlap >= 0 && (out || left > 0)) {
      left -= out ? 0 : 1;
      out = !out;
      nextFlap += interval();
    }
    return out;
  }

  /** 0.5 to 1.5 of the mean. */
  private long interval() {
    return options.flap() / 2 + flaps.nextLong(options.flap() + 1);
  }

  /** All has fitted for long enough, and the start was a good one. */
  boolean ready() {
    return !options.behaves() || !failed && clock.getAsLong() - since >= options.slow();
  }

  /** True once each millisecond, if it sends already. */
  boolean sends() {
    if (!options.busy()) {
      return false;
    }
    long now = clock.getAsLong();
    boolean due = now - nextFrame >= 0;
    nextFrame = due ? now + MILLI : nextFrame;
    return due;
  }
}
