package io.netmap4j.bench.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.DoubleStream;

/**
 * Draws figures as SVG: a curve for each line through its medians, a bar from the least round to
 * the greatest. Counts, of which many are equal, are marks side by side, without a curve. Colours
 * are classes of the page's style sheet.
 */
final class Plot {
  private static final int WIDTH = 600;
  private static final int HEIGHT = 320;
  private static final int LEFT = 62;
  private static final int RIGHT = 18;
  private static final int TOP = 14;
  private static final int BOTTOM = 46;

  /** Marks of one x lie this far apart, so that none hides another. */
  private static final double DODGE = 2.5;

  /** The same where lines mostly have equal values: as far as there is room, up to this. */
  private static final double COUNT_DODGE = 12;

  /** From the ends of the x axis to the first and to the last x. */
  private static final int MARGIN = 30;

  private static final int COUNT_MARGIN = 65;

  private static final int LABEL = 34;
  private static final String[] MARKS = {
    "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z", // a circle
    "M-3.6,-3.6h7.2v7.2h-7.2z",
    "M0,-4.8L4.4,3.4H-4.4z",
    "M0,-5L5,0L0,5L-5,0z",
    "M0,4.8L4.4,-3.4H-4.4z",
    "M-4.5,-1.4h3.1v-3.1h2.8v3.1h3.1v2.8h-3.1v3.1h-2.8v-3.1h-3.1z" // a plus
  };

  private final Styles styles;
  private final Scale x;
  private final Scale y;
  private final int margin;
  private final StringBuilder svg = new StringBuilder();

  private Plot(Styles styles, Scale x, Scale y, int margin) {
    this.margin = margin;
    this.styles = styles;
    this.x = x;
    this.y = y;
  }

  /**
   * Draws some figures of one chart.
   *
   * @param figures of one unit, at least one
   * @param all figures that set the axes: these, or those of two plots to be compared
   * @param run the run's figures, whose indices are noted at the marks
   */
  static String draw(Styles styles, List<Figure> figures, List<Figure> all, Run run) {
    Figure any = all.get(0);
    boolean counts = Charts.areCounts(any.chart());
    Plot plot =
        new Plot(
            styles,
            Scale.ofX(any.xName(), all.stream().mapToDouble(Figure::x).toArray()),
            Scale.ofY(
                all.stream().flatMapToDouble(f -> DoubleStream.of(f.min(), f.max())).toArray()),
            counts ? COUNT_MARGIN : MARGIN);
    plot.axes(any);
    Map<String, List<Figure>> lines = new LinkedHashMap<>();
    figures.forEach(f -> lines.computeIfAbsent(f.line(), l -> new ArrayList<>()).add(f));
    double room = Math.min(2 * (COUNT_MARGIN - 10), 0.8 * plot.leastDistance());
    double dodge = counts ? Math.min(COUNT_DODGE, room / lines.size()) : DODGE;
    int n = 0;
    for (Map.Entry<String, List<Figure>> line : lines.entrySet()) {
      double shift = (n++ - (lines.size() - 1) / 2.0) * dodge;
      plot.line(line.getKey(), line.getValue(), shift, !counts, run);
    }
    return plot.svg.append("</svg>\n").toString();
  }

  /** A short piece of a line, with its mark, for tables. */
  static String sample(Styles styles, String line) {
    return format(
        "<svg class=\"sample %s\" viewBox=\"-14 -7 28 14\" aria-hidden=\"true\">"
            + "<path class=\"curve\" d=\"M-14,0H14\"/><path class=\"mark\" d=\"%s\"/></svg>",
        styles.of(line), mark(styles, line));
  }

  private static String mark(Styles styles, String line) {
    return MARKS[styles.index(line) % MARKS.length];
  }

  private void axes(Figure any) {
    svg.append(
        format(
            "<svg class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n",
            WIDTH, HEIGHT, Html.escape(any.what() + ": " + any.unit() + " over " + any.xName())));
    int right = WIDTH - RIGHT;
    int foot = HEIGHT - BOTTOM;
    for (double tick : y.ticks()) {
      double at = y(tick);
      svg.append(format("<path class=\"grid\" d=\"M%d,%.1fH%d\"/>", LEFT, at, right));
      svg.append(
          format(
              "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
              LEFT - 6, at + 4, Html.tick(tick)));
    }
    double last = Double.NEGATIVE_INFINITY;
    for (double tick : x.ticks()) {
      double at = x(tick);
      svg.append(format("<path class=\"axis\" d=\"M%.1f,%dv4\"/>", at, foot));
      if (at - last >= LABEL) {
        svg.append(
            format(
                "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                at, foot + 18, Html.exact(tick)));
        last = at;
      }
    }
    svg.append(format("<path class=\"axis\" d=\"M%d,%dH%d\"/>\n", LEFT, foot, right));
    svg.append(
        format(
            "<text class=\"name\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
            (LEFT + right) / 2,
            HEIGHT - 8,
            Html.escape(any.xName() + (x.isLog() ? " (logarithmic)" : ""))));
    svg.append(
        format(
            "<text class=\"name\" transform=\"translate(13,%d) rotate(-90)\""
                + " text-anchor=\"middle\">%s</text>\n",
            (TOP + foot) / 2, Html.escape(any.unit() + (y.isLog() ? " (logarithmic)" : ""))));
  }

  /** Between two neighbours of the x axis. */
  private double leastDistance() {
    double least = WIDTH;
    for (int i = 1; i < x.ticks().size(); i++) {
      least = Math.min(least, x(x.ticks().get(i)) - x(x.ticks().get(i - 1)));
    }
    return least;
  }

  private void line(String name, List<Figure> figures, double dodge, boolean curve, Run run) {
    svg.append(format("<g class=\"%s\">\n", styles.of(name)));
    List<Figure> sorted = new ArrayList<>(figures);
    sorted.sort((a, b) -> Double.compare(a.x(), b.x()));
    if (curve && sorted.size() > 1) {
      svg.append("<path class=\"curve\" d=\"");
      char verb = 'M';
      for (Figure f : sorted) {
        svg.append(format("%c%.1f,%.1f", verb, x(f.x()) + dodge, y(f.median())));
        verb = 'L';
      }
      svg.append("\"/>\n");
    }
    for (Figure f : sorted) {
      double at = x(f.x()) + dodge;
      if (f.min() < f.max()) {
        svg.append(
            format("<path class=\"spread\" d=\"M%.1f,%.1fV%.1f\"/>", at, y(f.min()), y(f.max())));
      }
      svg.append(
          format(
              "<path class=\"mark\" data-figure=\"%d\" transform=\"translate(%.1f,%.1f)\" d=\"%s\">"
                  + "<title>%s</title></path>\n",
              index(run, f), at, y(f.median()), mark(styles, name), Html.escape(tip(f))));
    }
    svg.append("</g>\n");
  }

  private static int index(Run run, Figure figure) {
    for (int i = 0; i < run.figures().size(); i++) {
      if (run.figures().get(i) == figure) {
        return i;
      }
    }
    throw new IllegalArgumentException("not of this run: " + figure);
  }

  private static String tip(Figure f) {
    String spread = Html.spread(f);
    return f.line()
        + ", "
        + f.xName()
        + " "
        + Html.exact(f.x())
        + ": "
        + Html.number(f.median())
        + (spread.isEmpty() ? " " : " (" + spread + ") ")
        + f.unit();
  }

  private double x(double value) {
    return LEFT + margin + x.at(value) * (WIDTH - LEFT - RIGHT - 2 * margin);
  }

  private double y(double value) {
    return HEIGHT - BOTTOM - y.at(value) * (HEIGHT - TOP - BOTTOM);
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
