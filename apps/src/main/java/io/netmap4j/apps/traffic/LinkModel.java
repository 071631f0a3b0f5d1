package io.netmap4j.apps.traffic;

import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * The link that nmreplay's -B, -D and -L describe.
 *
 * @param bandwidth how long a frame occupies it
 * @param delay what is added to the time at which a frame leaves
 * @param loss which frames do not enter it
 */
record LinkModel(Bandwidth bandwidth, Delay delay, Loss loss) {
  /**
   * How long a frame occupies the link: {@code recorded} times its gap to the frame before it, plus
   * so many nanoseconds for each of its bits.
   *
   * @param recorded 0 for a link of constant bandwidth
   * @param nanosPerBit 0 for the times of the recording
   * @param overheadBits added to each frame: CRC, preamble and gap
   */
  record Bandwidth(double recorded, double nanosPerBit, int overheadBits) {
    /** At the times of the recording. */
    static final Bandwidth RECORDED = new Bandwidth(1, 0, 0);

    double nanos(int bytes, long gap) {
      return recorded * gap + nanosPerBit * (bytes * 8.0 + overheadBits);
    }

    /** True when a frame that is lost takes its time all the same, as in the recording. */
    boolean asRecorded() {
      return recorded > 0;
    }
  }

  /** Nanoseconds for one frame. */
  interface Delay {
    Delay NONE = random -> 0;

    double nanos(RandomGenerator random);
  }

  /** Whether a frame is lost. */
  interface Loss {
    Loss NONE = (bytes, random) -> false;

    boolean loses(int bytes, RandomGenerator random);
  }

  private static final Pattern NUMBER =
      Pattern.compile("([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,2})?([a-zA-Z]?)");

  private static final Map<String, Double> RATE_UNITS =
      Map.of("", 1.0, "k", 1e3, "K", 1e3, "m", 1e6, "M", 1e6, "g", 1e9, "G", 1e9);
  private static final Map<String, Double> TIME_UNITS =
      Map.of("", 1e9, "s", 1e9, "m", 1e6, "u", 1e3, "n", 1.0);
  private static final Map<String, Double> NO_UNITS = Map.of("", 1.0);

  /** CRC, preamble and gap. */
  private static final int ETHER_BITS = 32 + 160;

  private static final double MOST_BPS = 1e15;
  private static final double MOST_NANOS = 1e15; // eleven days
  private static final double MOST_SPEEDUP = 1000;

  /** Of -B. */
  static final class BandwidthConverter implements ITypeConverter<Bandwidth> {
    @Override
    public Bandwidth convert(String text) {
      String[] words = text.split(",", -1);
      String last = words[words.length - 1];
      if (words.length <= 2 && words[0].equals("real")) {
        return words.length == 1 ? Bandwidth.RECORDED : new Bandwidth(1 / speedup(words[1]), 0, 0);
      }
      if (words.length == 1 || words.length == 2 && words[0].equals("constant")) {
        return constant(number(last, "a bandwidth in bit/s", RATE_UNITS, MOST_BPS), 0);
      }
      if (words.length == 2 && words[0].equals("ether")) {
        return constant(number(last, "a bandwidth in bit/s", RATE_UNITS, MOST_BPS), ETHER_BITS);
      }
      throw unknown(text, "BPS, constant,BPS, ether,BPS, real or real,SPEEDUP");
    }

    private static double speedup(String text) {
      double speedup = number(text, "a speedup", NO_UNITS, MOST_SPEEDUP);
      if (speedup == 0) {
        throw new TypeConversionException("a speedup of 0 would never send a frame");
      }
      return speedup;
    }

    /** 0 is no limit. */
    private static Bandwidth constant(double bps, int overhead) {
      return new Bandwidth(0, bps == 0 ? 0 : 1e9 / bps, overhead);
    }
  }

  /** Of -D. */
  static final class DelayConverter implements ITypeConverter<Delay> {
    @Override
    public Delay convert(String text) {
      String[] words = text.split(",", -1);
      if (words.length == 1 || words.length == 2 && words[0].equals("constant")) {
        double nanos = time(words[words.length - 1]);
        return random -> nanos;
      }
      if (words.length == 3 && words[0].equals("uniform")) {
        double least = time(words[1]);
        double most = time(words[2]);
        if (least > most) {
          throw new TypeConversionException(
              "uniform," + words[1] + "," + words[2] + ": the smaller comes first");
        }
        return random -> least + (most - least) * random.nextDouble();
      }
      if (words.length == 3 && words[0].equals("exp")) {
        // The original's manual and its code disagree on the order; the average is the larger one.
        double least = Math.min(time(words[1]), time(words[2]));
        double above = Math.max(time(words[1]), time(words[2])) - least;
        return random -> least - above * Math.log(1 - random.nextDouble());
      }
      throw unknown(text, "TIME, constant,TIME, uniform,MIN,MAX or exp,MIN,AVERAGE");
    }

    private static double time(String text) {
      return number(text, "a time in seconds, or with s, m, u or n", TIME_UNITS, MOST_NANOS);
    }
  }

  /** Of -L. */
  static final class LossConverter implements ITypeConverter<Loss> {
    @Override
    public Loss convert(String text) {
      String[] words = text.split(",", -1);
      if (words.length == 1 || words.length == 2 && words[0].equals("plr")) {
        double rate = number(words[words.length - 1], "a loss rate", NO_UNITS, 1);
        return (bytes, random) -> random.nextDouble() < rate;
      }
      if (words.length == 2 && words[0].equals("ber")) {
        // A frame survives when each of its bits does: (1 - rate) to the power of its bits.
        double survives = Math.log1p(-number(words[1], "a bit error rate", NO_UNITS, 1));
        return (bytes, random) -> random.nextDouble() < -Math.expm1(8.0 * bytes * survives);
      }
      throw unknown(text, "RATE, plr,RATE or ber,RATE");
    }
  }

  private static TypeConversionException unknown(String text, String known) {
    return new TypeConversionException("'" + text + "' is none of " + known);
  }

  private static double number(String text, String what, Map<String, Double> units, double most) {
    Matcher matcher = NUMBER.matcher(text);
    Double unit = matcher.matches() ? units.get(matcher.group(3)) : null;
    if (unit == null) {
      throw new TypeConversionException("'" + text + "' is not " + what);
    }
    String exponent = matcher.group(2) == null ? "" : matcher.group(2);
    double value = Double.parseDouble(matcher.group(1) + exponent) * unit;
    if (value > most) {
      throw new TypeConversionException("'" + text + "' is too large for " + what);
    }
    return value;
  }
}
