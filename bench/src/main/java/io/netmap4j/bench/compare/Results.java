package io.netmap4j.bench.compare;

import io.netmap4j.bench.report.Figure;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
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
    OptionalDouble most = Arrays.stream(values).max();
    return most.orElse(Double.NaN);
  }

  /**
   * A figure of {@code chart} for each key; {@code name} says what the chart calls the key's what.
   */
  List<Figure> figures(String chart, String unit, String command) {
    List<Figure> figures = new ArrayList<>();
    keys()
        .map(
            key -> {
              double[] of = of(key);
              return of.length == 0
                  ? null
                  : Figure.of(chart, key.what, key.line, key.batch, "batch", unit, of, command);
            })
        .filter(Objects::nonNull)
        .forEach(figures::add);
    return figures;
  }
}
