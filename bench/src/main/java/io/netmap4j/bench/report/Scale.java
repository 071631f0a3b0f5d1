package io.netmap4j.bench.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Where a value lies along an axis, from 0 to 1, and which values are labelled. */
final class Scale {
  /** How far apart equal steps of the value are. */
  enum Kind {
    LINEAR,
    LOG,
    /** Percentiles: 90, 99 and 99.9 are as far apart from each other as 0 from 90. */
    PERCENTILE
  }

  /** Beyond this percentile a sample is the greatest one; it gets a place of its own. */
  private static final double LAST_PERCENTILE = 99.9999;

  /** Values that span more than this many times the least are shown on a logarithmic axis. */
  private static final double LOG_FROM = 6;

  private static final int TICKS = 5;

  private final Kind kind;
  private final double low;
  private final double high;
  private final List<Double> ticks;

  private Scale(Kind kind, double low, double high, List<Double> ticks) {
    this.kind = kind;
    this.low = place(kind, low);
    this.high = place(kind, high);
    this.ticks = ticks;
  }

  /** An axis of what was varied: labelled where something was measured. */
  static Scale ofX(String name, double[] values) {
    double[] sorted = Arrays.stream(values).sorted().distinct().toArray();
    double low = sorted[0];
    double high = sorted[sorted.length - 1];
    Kind kind =
        name.startsWith("percentile")
            ? Kind.PERCENTILE
            : low > 0 && high / low >= LOG_FROM ? Kind.LOG : Kind.LINEAR;
    List<Double> ticks = new ArrayList<>();
    for (double value : sorted) {
      ticks.add(value);
    }
    if (low == high) {
      double margin = low == 0 ? 1 : Math.abs(low) / 2;
      return new Scale(Kind.LINEAR, low - margin, high + margin, ticks);
    }
    return new Scale(kind, low, high, ticks);
  }

  /** An axis of what was measured: from 0, or logarithmic when the values are far apart. */
  static Scale ofY(double[] values) {
    double low = Arrays.stream(values).min().orElse(0);
    double high = Arrays.stream(values).max().orElse(1);
    if (low > 0 && high / low >= LOG_FROM) {
      List<Double> ticks = logTicks(low, high);
      return new Scale(Kind.LOG, Math.min(low / 1.1, ticks.get(0)), high * 1.1, ticks);
    }
    double from = Math.min(0, low);
    double span = high > from ? high - from : 1;
    double step = step(span);
    List<Double> ticks = new ArrayList<>();
    for (double at = Math.ceil(from / step) * step; at <= from + span * 1.05; at += step) {
      ticks.add(Math.rint(at / step) * step);
    }
    return new Scale(Kind.LINEAR, from, from + span * 1.05, ticks);
  }

  /** 1, 2 and 5 times the powers of 10 around the values; the powers alone where that is many. */
  private static List<Double> logTicks(double low, double high) {
    int first = (int) Math.floor(Math.log10(low));
    int last = (int) Math.ceil(Math.log10(high));
    double[] factors = Math.log10(high / low) > 3.5 ? new double[] {1} : new double[] {1, 2, 5};
    List<Double> ticks = new ArrayList<>();
    for (int power = first; power <= last; power++) {
      for (double factor : factors) {
        double tick = power < 0 ? factor / Math.pow(10, -power) : factor * Math.pow(10, power);
        if (tick > high * 1.1) {
          return ticks;
        }
        if (tick <= low) {
          ticks.clear(); // the last one below is the axis's foot
        }
        ticks.add(tick);
      }
    }
    return ticks;
  }

  private static double step(double span) {
    double power = Math.pow(10, Math.floor(Math.log10(span / TICKS)));
    for (double factor : new double[] {1, 2, 5}) {
      if (span / (factor * power) <= TICKS) {
        return factor * power;
      }
    }
    return 10 * power;
  }

  private static double place(Kind kind, double value) {
    return switch (kind) {
      case LINEAR -> value;
      case LOG -> Math.log10(value);
      case PERCENTILE -> -Math.log10(1 - Math.min(value, LAST_PERCENTILE) / 100);
    };
  }

  /** Where {@code value} lies: 0 at the least end, 1 at the greatest. */
  double at(double value) {
    return (place(kind, value) - low) / (high - low);
  }

  /** The values to label, in ascending order. */
  List<Double> ticks() {
    return ticks;
  }

  /** Whether equal distances are equal ratios. */
  boolean isLog() {
    return kind == Kind.LOG;
  }
}
