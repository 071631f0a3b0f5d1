package io.netmap4j.apps.traffic;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Rates in pkt-gen's words: the line of each second and the totals at the end. */
public final class Rates {
  private static final Pattern RATE = Pattern.compile("([0-9]+\\.?[0-9]*|\\.[0-9]+)([kKmMgG]?)");

  /** CRC, preamble and gap, in bits: what a frame takes on the wire beside itself. */
  private static final long FRAMING = 24 * 8;

  /** Of pkt-gen's sliding window. */
  private static final int SAMPLES = 15;

  /**
   * How rates are written.
   *
   * @param plain without K, M and G
   * @param framing with CRC, preamble and gap in the bits of each second
   * @param average with mean and standard deviation of the last {@value #SAMPLES} rates
   */
  record Style(boolean plain, boolean framing, boolean average) {
    static final Style USUAL = new Style(false, false, false);
  }

  /** Stands for a figure that nobody knows. */
  public static final String UNKNOWN = "-";

  private final List<Tally> tallies;
  private final Style style;
  private final double[] samples = new double[SAMPLES];
  private int sample;
  private Map<String, Object> interval = Map.of();
  private Tally.Sum last;
  private long lastNanos;

  public Rates(List<Tally> tallies) {
    this(tallies, Style.USUAL);
  }

  Rates(List<Tally> tallies, Style style) {
    this.tallies = tallies;
    this.style = style;
    this.last = Tally.sum(tallies, true);
    this.lastNanos = System.nanoTime();
  }

  /** The line for the time since the last call. */
  public String line() {
    Tally.Sum now = Tally.sum(tallies, true);
    long nanos = System.nanoTime();
    long micros = Math.max(1, (nanos - lastNanos) / 1000);
    long packets = now.packets() - last.packets();
    long bits = (now.bytes() - last.bytes()) * 8 + (style.framing ? packets * FRAMING : 0);
    double rate = Math.round(packets * 1e6 / micros);
    long events = now.events() - last.events();
    interval =
        figures(
            packets,
            now.bytes() - last.bytes(),
            events,
            (nanos - lastNanos) / 1e9,
            packets,
            now.bytes() - last.bytes());
    last = now;
    lastNanos = nanos;
    return String.format(
        Locale.ROOT,
        "main_thread [2639] %spps %s(%spkts %sbps in %d usec) %.2f avg_batch %d min_space",
        text(rate),
        style.average ? average(rate) : "",
        text(packets),
        text(bits * 1e6 / micros),
        micros,
        events == 0 ? 0.0 : (double) packets / events,
        now.minSpace());
  }

  /**
   * The {@link #line}, which is also printed as JSON if that is asked for.
   *
   * @param of whose it is, by name: several commands of a run may print
   */
  public String line(CommandContext context, Map<String, ?> of) {
    String text = line();
    Map<String, Object> all = new LinkedHashMap<>(of);
    all.putAll(interval);
    context.json("interval", all);
    return text;
  }

  /** The totals, for {@link CommandContext#json}. */
  public Map<String, Object> figures() {
    Tally.Sum sum = Tally.sum(tallies, false);
    return figures(
        sum.packets(),
        sum.bytes(),
        sum.events(),
        sum.seconds(),
        sum.timedPackets(),
        sum.timedBytes());
  }

  /** Rates are those of what has moved while the clock ran; without time there is none. */
  private static Map<String, Object> figures(
      long packets, long bytes, long batches, double seconds, long timedPackets, long timedBytes) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("packets", packets);
    all.put("bytes", bytes);
    all.put("batches", batches);
    all.put("seconds", seconds);
    if (seconds > 0) {
      all.put("packets_per_second", timedPackets / seconds);
      all.put("bits_per_second", timedBytes * 8 / seconds);
    }
    return all;
  }

  /** The two lines at the end; {@code word} is Sent, Received or Answered. */
  public String totals(String word) {
    Tally.Sum sum = Tally.sum(tallies, false);
    if (sum.packets() == 0) {
      return word + " nothing.";
    }
    return String.format(
        Locale.ROOT,
        "%s %d packets %d bytes %d events %d bytes each in %.2f seconds.%n"
            + "%s. Average batch: %.2f pkts",
        word,
        sum.packets(),
        sum.bytes(),
        sum.events(),
        sum.bytes() / sum.packets(),
        sum.seconds(),
        speed(sum),
        (double) sum.packets() / sum.events());
  }

  /** Of what has moved while the clock ran. */
  private String speed(Tally.Sum sum) {
    double seconds = sum.seconds();
    if (sum.timedPackets() == 0 || seconds <= 0) {
      return "Speed: not known, all came in one batch";
    }
    return String.format(
        Locale.ROOT,
        "Speed: %spps Bandwidth: %sbps (raw %sbps)",
        text(sum.timedPackets() / seconds),
        text(sum.timedBytes() * 8 / seconds),
        text((sum.timedBytes() * 8 + sum.timedPackets() * FRAMING) / seconds));
  }

  /** Mean and standard deviation of the last rates that were not 0, this one included. */
  private String average(double rate) {
    samples[sample] = rate;
    sample = (sample + 1) % SAMPLES;
    double[] moved = Arrays.stream(samples).filter(r -> r > 0).toArray();
    double mean = Arrays.stream(moved).average().orElse(0);
    double variance = Arrays.stream(moved).map(r -> (r - mean) * (r - mean)).average().orElse(0);
    return "[avg/std " + text(mean) + "/" + text(Math.sqrt(variance)) + " pps]";
  }

  private String text(double value) {
    return style.plain ? String.format(Locale.ROOT, "%.0f ", value) : norm(value);
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

  /** Three digits or four, and the unit's prefix; {@link #UNKNOWN} for what is not a number. */
  public static String brief(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return UNKNOWN;
    }
    String[] units = {"", "k", "M", "G", "T", "P", "E"};
    double rest = value;
    int unit = 0;
    for (; Math.abs(rest) >= 999.95 && unit < units.length - 1; unit++) {
      rest /= 1000;
    }
    boolean whole = unit == 0 && rest == Math.rint(rest);
    int decimals = whole ? 0 : Math.abs(rest) < 9.995 ? 2 : 1;
    return String.format(Locale.ROOT, "%." + decimals + "f%s", rest, units[unit]);
  }

  /**
   * Reads a number with an optional K, M or G behind it (thousands).
   *
   * @throws IllegalArgumentException saying what was expected
   */
  static long parse(String text) {
    Matcher rate = RATE.matcher(text.trim());
    if (rate.matches()) {
      double factor =
          switch (rate.group(2).toUpperCase(Locale.ROOT)) {
            case "K" -> 1e3;
            case "M" -> 1e6;
            case "G" -> 1e9;
            default -> 1;
          };
      double value = Double.parseDouble(rate.group(1)) * factor;
      if (value >= 1 && value <= 1e12) {
        return Math.round(value);
      }
    }
    throw new IllegalArgumentException(
        "'" + text + "' is no rate: packets per second from 1 to 1e12, and K, M or G may follow");
  }
}
