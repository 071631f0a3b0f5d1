package io.netmap4j.bench.compare;

import io.netmap4j.bench.report.Figure;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** What the rounds have measured: a value for each subject, what, batch and round. */
final class Results {
  private final Map<Key, double[]> values = new LinkedHashMap<>();
  private final int rounds;

  /** What a value is of. */
  record Key(String line, String what, int batch) {}

  Results(int rounds) {
    this.rounds = rounds;
  }

  /** Stores the value of one round, 0 to rounds − 1. */
  void put(Key key, int round, double value) {
    values.computeIfAbsent(key, k -> filled())[round] = value;
  }

  private double[] filled() {
    double[] none = new double[rounds];
    Arrays.fill(none, Double.NaN);
    return none;
  }

  /** The rounds that measured this, in order; empty when none did. */
  double[] of(Key key) {
    double[] all = values.get(key);
    return all == null ? new double[0] : Arrays.stream(all).filter(v -> !Double.isNaN(v)).toArray();
  }

  /** All keys, in the order in which they came. */
  Stream<Key> keys() {
    return values.keySet().stream();
  }

  /**
   * The line with the lowest median among those that {@code lines} accepts; null when there is
   * none.
   */
  String quickest(String what, int batch, Predicate<String> lines) {
    return keys()
        .filter(key -> key.what.equals(what) && key.batch == batch && lines.test(key.line))
        .min(Comparator.comparingDouble(key -> median(of(key))))
        .map(Key::line)
        .orElse(null);
  }

  /**
   * Ratios of two, round by round, so that what slows both down falls out.
   *
   * @return one for each round that has both
   */
  double[] ratios(Key key, Key to) {
    double[] a = values.getOrDefault(key, new double[0]);
    double[] b = values.getOrDefault(to, new double[0]);
    double[] ratios = new double[Math.min(a.length, b.length)];
    Arrays.setAll(ratios, i -> a[i] / b[i]);
    return Arrays.stream(ratios).filter(v -> !Double.isNaN(v)).toArray();
  }

  /** The median; of no value, NaN. */
  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    return n == 0 ? Double.NaN : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  }

  /** The least; of no value, NaN. */
  static double least(double[] values) {
    return Arrays.stream(values).min().orElse(Double.NaN);
  }

  /** The greatest; of no value, NaN. */
  static double greatest(double[] values) {
    return Arrays.stream(values).max().orElse(Double.NaN);
  }

  /**
   * Ratios to whichever of {@code lines} is the quickest at the key's what and batch; forwarding as
   * one operation is compared with forwarding.
   *
   * @return one for each round that has both; none when there is no such line
   */
  double[] ratiosToQuickest(Key key, Predicate<String> lines) {
    String what = key.what.equals(Session.FORWARD_OP) ? Session.FORWARD : key.what;
    String quickest = quickest(what, key.batch, lines);
    return quickest == null ? new double[0] : ratios(key, new Key(quickest, what, key.batch));
  }

  /** A figure of each key. */
  List<Figure> figures(String chart, String unit, String command) {
    return keys()
        .map(key -> figure(chart, key.what, key, of(key), unit, command))
        .flatMap(Optional::stream)
        .toList();
  }

  /** What {@code lines} have for one what, for the chart of another that they don't have. */
  List<Figure> beside(
      String what, String other, Predicate<String> lines, String unit, String command) {
    boolean shown = keys().anyMatch(key -> key.what.equals(other));
    return keys()
        .filter(key -> shown && key.what.equals(what) && lines.test(key.line))
        .map(key -> figure("compare", other, key, of(key), unit, command))
        .flatMap(Optional::stream)
        .toList();
  }

  /** Ratios of those that are not {@code lines} to the quickest of them. */
  List<Figure> ratioFigures(Predicate<String> lines, String command) {
    return keys()
        .filter(key -> !lines.test(key.line))
        .map(
            key ->
                figure(
                    "compare-ratio",
                    key.what,
                    key,
                    ratiosToQuickest(key, lines),
                    "times DPDK's quickest",
                    command))
        .flatMap(Optional::stream)
        .toList();
  }

  private static Optional<Figure> figure(
      String chart, String what, Key key, double[] of, String unit, String command) {
    return of.length == 0
        ? Optional.empty()
        : Optional.of(Figure.of(chart, what, key.line, key.batch, "batch", unit, of, command));
  }
}
