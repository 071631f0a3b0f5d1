package io.netmap4j.model.peripherals;

import io.netmap4j.model.link.Rates;
import java.util.Locale;

/** Speeds of a 10GBASE-T link, the slowest first, as in {@link Rates}. */
public enum Speed {
  M100("100m", 1 << 28, 1),
  G1("1g", 2 << 28, 2),
  G2_5("2.5g", 3 << 28 | 1 << 27, 4),
  G5("5g", 1 << 28 | 1 << 27, 5),
  G10("10g", 3 << 28, 3);

  private final String written;
  private final int links;
  private final int rate;

  Speed(String written, int links, int rate) {
    this.written = written;
    this.links = links;
    this.rate = rate;
  }

  /** LINKS [29:27]: the speed, and that it is none of the standard ones (docs/82599.md 9). */
  public int links() {
    return links;
  }

  /** Its bit in {@link Rates}. */
  int bit() {
    return Rates.R100M << ordinal();
  }

  /** The fastest of a mask that is not 0. */
  static Speed fastest(int rates) {
    int fastest = Integer.highestOneBit(rates);
    for (Speed speed : values()) {
      if (speed.bit() == fastest) {
        return speed;
      }
    }
    throw new IllegalArgumentException("no speed: " + rates);
  }

  /** The PHY's code for it, in MMD 7 register 0xC800 bits 3 to 1. */
  int rate() {
    return rate;
  }

  /**
   * Parses, say, {@code 10g+1g+100m}, to a mask of {@link Rates}.
   *
   * @throws IllegalArgumentException for what is no speed
   */
  public static int parse(String text) {
    int rates = 0;
    for (String word : text.split("\\+", -1)) {
      rates |= one(word).bit();
    }
    return rates;
  }

  private static Speed one(String word) {
    for (Speed speed : values()) {
      if (speed.written.equals(word.toLowerCase(Locale.ROOT))) {
        return speed;
      }
    }
    throw new IllegalArgumentException(
        "'" + word + "' is no speed: 10g, 5g, 2.5g, 1g and 100m are, joined by +");
  }

  @Override
  public String toString() {
    return written;
  }
}
