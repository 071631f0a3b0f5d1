package io.netmap4j.model.peripherals;

import io.netmap4j.model.link.Rates;

/**
 * How the PHY of a 10GBASE-T card is found, and what is at the other end of its cable.
 *
 * @param partner speeds that the other end offers, a mask of {@link Rates}; what offers less there
 *     offers less
 * @param delayMillis how long autonegotiation takes, 0 or more
 * @param pause what the other end advertises for flow control: bits 10 (symmetric) and 11
 *     (asymmetric) of its base page
 * @param lowPower true: powered down until a driver clears MMD 30 register 0 bit 11
 * @param hot true: too hot, and shut down for that
 * @param absent true: no PHY answers
 */
public record Copper(
    int partner, long delayMillis, int pause, boolean lowPower, boolean hot, boolean absent) {
  private static final int SYMMETRIC = 1 << 10;
  private static final int ASYMMETRIC = 1 << 11;

  /** A PHY that is well, with a partner that can all speeds, and pause. */
  public static final Copper WELL = new Copper(Rates.ALL, 0, SYMMETRIC, false, false, false);

  /** The words of {@link #parse}, for a help text. */
  public static final String KEYS =
      "partner=10g+5g+2.5g+1g+100m (what the other end offers); delay=MS (of autonegotiation);"
          + " pause=none|rx|tx|both (the other end's flow control); lowpower (until a driver wakes"
          + " it); hot (too hot, and dark); absent";

  public Copper {
    if (delayMillis < 0) {
      throw new IllegalArgumentException("a delay of " + delayMillis + " ms");
    }
  }

  /**
   * Parses words separated by commas; {@link #KEYS} has them.
   *
   * @throws IllegalArgumentException for anything else
   */
  public static Copper parse(String text) {
    Copper made = WELL;
    for (String word : text.split(",", -1)) {
      made = made.with(word);
    }
    return made;
  }

  private Copper with(String word) {
    int equals = word.indexOf('=');
    String value = word.substring(equals + 1);
    return switch (equals < 0 ? word : word.substring(0, equals + 1)) {
      case "partner=" -> new Copper(Speed.parse(value), delayMillis, pause, lowPower, hot, absent);
      case "delay=" -> new Copper(partner, millis(value), pause, lowPower, hot, absent);
      case "pause=" -> new Copper(partner, delayMillis, pauseBits(value), lowPower, hot, absent);
      case "lowpower" -> new Copper(partner, delayMillis, pause, true, hot, absent);
      case "hot" -> new Copper(partner, delayMillis, pause, lowPower, true, absent);
      case "absent" -> new Copper(partner, delayMillis, pause, lowPower, hot, true);
      default ->
          throw new IllegalArgumentException(
              "'" + word + "' is none of partner=, delay=, pause=, lowpower, hot, absent");
    };
  }

  private static long millis(String value) {
    if (value.matches("\\d{1,6}")) {
      return Long.parseLong(value);
    }
    throw new IllegalArgumentException("delay=" + value + ": 0 to 999999 milliseconds");
  }

  /** IEEE 802.3 annex 28B: what a partner that wants to receive, or to send, pause advertises. */
  private static int pauseBits(String value) {
    return switch (value) {
      case "none" -> 0;
      case "both" -> SYMMETRIC;
      case "rx" -> SYMMETRIC | ASYMMETRIC;
      case "tx" -> ASYMMETRIC;
      default -> throw new IllegalArgumentException("pause=" + value + ": none, rx, tx or both");
    };
  }
}
