package io.netmap4j.bench.report;

import java.util.Arrays;

/**
 * One measured figure: the median of some rounds, and their spread.
 *
 * @param chart the chart it belongs to: {@code compare}, {@code bill}, {@code latency}, {@code
 *     wakeup}, {@code scale-rings}, ...
 * @param what what was measured; a chart has one plot for each: {@code rx}, {@code forward}
 * @param line whose figure it is; a plot has one line for each: {@code DPDK 22.11 vector}
 * @param x the value of what was varied
 * @param xName what was varied: {@code batch}, {@code rings}
 * @param unit the unit of the three values: {@code tsc cycles per packet}, {@code ns}
 * @param median the median of the rounds
 * @param min the least of the rounds, at most {@code median}
 * @param max the greatest of the rounds, at least {@code median}
 * @param rounds how many rounds, at least 1
 * @param command the command that measures it again
 */
public record Figure(
    String chart,
    String what,
    String line,
    double x,
    String xName,
    String unit,
    double median,
    double min,
    double max,
    int rounds,
    String command) {

  /**
   * @throws IllegalArgumentException when a text is missing, a number is none or is infinite, or
   *     the median lies outside its spread
   */
  public Figure {
    Run.require(chart, "chart");
    Run.require(what, "what");
    Run.require(line, "line");
    Run.require(xName, "xName");
    Run.require(unit, "unit");
    Run.require(command, "command");
    if (!Double.isFinite(x) || !Double.isFinite(min) || !Double.isFinite(max)) {
      throw new IllegalArgumentException(
          chart + ", " + what + ", " + line + ": x " + x + ", min " + min + ", max " + max);
    }
    if (!(min <= median && median <= max)) {
      throw new IllegalArgumentException(
          chart
              + ", "
              + what
              + ", "
              + line
              + ": median "
              + median
              + " is not within "
              + min
              + " to "
              + max);
    }
    if (rounds < 1) {
      throw new IllegalArgumentException(
          chart + ", " + what + ", " + line + ": " + rounds + " rounds");
    }
  }

  /**
   * The figure of some rounds.
   *
   * @param values what each round measured, at least one; not changed
   * @throws IllegalArgumentException when there is no value, or one is no finite number
   */
  public static Figure of(
      String chart,
      String what,
      String line,
      double x,
      String xName,
      String unit,
      double[] values,
      String command) {
    if (values.length == 0) {
      throw new IllegalArgumentException(chart + ", " + what + ", " + line + ": no round");
    }
    double least = Arrays.stream(values).min().orElseThrow();
    double most = Arrays.stream(values).max().orElseThrow();
    return new Figure(
        chart, what, line, x, xName, unit, median(values), least, most, values.length, command);
  }

  /** The middle one of values in any order, or of two the mean; at least one. */
  public static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  }
}
