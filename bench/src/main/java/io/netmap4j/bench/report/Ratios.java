package io.netmap4j.bench.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The figures of two runs that measured the same thing, side by side. */
final class Ratios {
  /** A figure's identity within a run; {@code nth} tells apart those that are measured again. */
  private record Key(Charts.Plotted plot, String line, double x, int nth) {}

  /**
   * One figure in two runs; at most one of them is null.
   *
   * @param a the first run's
   * @param b the second run's
   */
  record Pair(Figure a, Figure b) {
    /** Either: they have line and x in common. */
    Figure any() {
      return a != null ? a : b;
    }

    /** True when both runs have it. */
    boolean isWhole() {
      return a != null && b != null;
    }

    /** The second median divided by the first. */
    double ratio() {
      return b.median() / a.median();
    }

    /** True when the spreads of the two do not overlap. */
    boolean isApart() {
      return isWhole() && (a.max() < b.min() || b.max() < a.min());
    }
  }

  private Ratios() {}

  /** All figures of both: those of {@code a} in its order, then those that only {@code b} has. */
  static List<Pair> of(Run a, Run b) {
    Map<Key, Figure> first = byKey(a);
    Map<Key, Figure> second = byKey(b);
    List<Pair> pairs = new ArrayList<>();
    first.forEach((key, figure) -> pairs.add(new Pair(figure, second.remove(key))));
    second.values().forEach(figure -> pairs.add(new Pair(null, figure)));
    return pairs;
  }

  private static Map<Key, Figure> byKey(Run run) {
    Map<Key, Figure> figures = new LinkedHashMap<>();
    for (Figure f : run.figures()) {
      Key key = new Key(Charts.Plotted.of(f), f.line(), f.x(), 0);
      for (int nth = 1; figures.putIfAbsent(key, f) != null; nth++) {
        key = new Key(key.plot, key.line, key.x, nth);
      }
    }
    return figures;
  }
}
