package io.netmap4j.apps;

import java.util.List;
import java.util.Locale;

/** Rates in pkt-gen's words: the line of each second and the totals at the end. */
final class Rates {
  /** CRC, preamble and gap, in bits: what a frame takes on the wire beside itself. */
  private static final long FRAMING = 24 * 8;

  private final List<Tally> tallies;
  private Tally.Sum last;
  private long lastNanos;

  Rates(List<Tally> tallies) {
    this.tallies = tallies;
    this.last = Tally.sum(tallies, true);
    this.lastNanos = System.nanoTime();
  }

  /** The line for the time since the last call. */
  String line() {
    Tally.Sum now = Tally.sum(tallies, true);
    long nanos = System.nanoTime();
    long micros = Math.max(1, (nanos - lastNanos) / 1000);
    long packets = now.packets() - last.packets();
    long bits = (now.bytes() - last.bytes()) * 8;
    long events = now.events() - last.events();
    last = now;
    lastNanos = nanos;
    return String.format(
        Locale.ROOT,
        "main_thread [2639] %spps (%spkts %sbps in %d usec) %.2f avg_batch %d min_space",
        norm(Math.round(packets * 1e6 / micros)),
        norm(packets),
        norm(bits * 1e6 / micros),
        micros,
        events == 0 ? 0.0 : (double) packets / events,
        now.minSpace());
  }

  /** The two lines at the end; {@code word} is Sent, Received or Answered. */
  String totals(String word) {
    Tally.Sum sum = Tally.sum(tallies, false);
    if (sum.packets() == 0) {
      return word + " nothing.";
    }
    double seconds = Math.max(1e-6, sum.seconds());
    return String.format(
        Locale.ROOT,
        "%s %d packets %d bytes %d events %d bytes each in %.2f seconds.%n"
            + "Speed: %spps Bandwidth: %sbps (raw %sbps). Average batch: %.2f pkts",
        word,
        sum.packets(),
        sum.bytes(),
        sum.events(),
        sum.bytes() / sum.packets(),
        sum.seconds(),
        norm(sum.packets() / seconds),
        norm(sum.bytes() * 8 / seconds),
        norm((sum.bytes() * 8 + sum.packets() * FRAMING) / seconds),
        (double) sum.packets() / sum.events());
  }

  /** pkt-gen's norm(): three decimals and the unit's prefix. */
  static String norm(double value) {
    String[] units = {"", "K", "M", "G", "T"};
    int unit = 0;
    for (; value >= 1000 && unit < units.length - 1; unit++) {
      value /= 1000;
    }
    return String.format(Locale.ROOT, "%.3f %s", value, units[unit]);
  }

  /**
   * Reads a number with an optional K, M or G behind it (thousands).
   *
   * @throws IllegalArgumentException saying what was expected
   */
  static long parse(String text) {
    String digits = text.trim();
    double factor = 1;
    if (!digits.isEmpty()) {
      factor =
          switch (Character.toUpperCase(digits.charAt(digits.length() - 1))) {
            case 'K' -> 1e3;
            case 'M' -> 1e6;
            case 'G' -> 1e9;
            default -> 1;
          };
    }
    try {
      double value =
          Double.parseDouble(factor == 1 ? digits : digits.substring(0, digits.length() - 1))
              * factor;
      if (value >= 1 && value <= 1e12) {
        return Math.round(value);
      }
    } catch (NumberFormatException e) {
      // the same answer as for a number out of range
    }
    throw new IllegalArgumentException(
        "'" + text + "' is no rate: packets per second, with K, M or G if you like");
  }
}
