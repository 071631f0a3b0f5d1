package io.netmap4j.bench.report;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The tables beside the plots: a row for each line, a column for each value of what was varied. */
final class Tables {
  private Tables() {}

  /**
   * The figures of one plot, each in a cell: median, least and greatest round.
   *
   * @param run the run that they are of, for their indices
   */
  static String of(List<Figure> figures, Run run, Styles styles) {
    Map<Figure, Integer> indices = new IdentityHashMap<>();
    for (int i = 0; i < run.figures().size(); i++) {
      indices.put(run.figures().get(i), i);
    }
    return table(
        figures,
        Function.identity(),
        styles,
        f ->
            String.format(
                Locale.ROOT,
                "<b data-figure=\"%d\">%s</b><small>%s</small>",
                indices.get(f),
                Html.number(f.median()),
                Html.spread(f)));
  }

  /** The figures of one plot in two runs, each in a cell: ratio, both medians. */
  static String ofPairs(List<Ratios.Pair> pairs, Styles styles) {
    return table(pairs, Ratios.Pair::any, styles, Tables::cell);
  }

  private static String cell(Ratios.Pair pair) {
    if (!pair.isWhole()) {
      Figure only = pair.any();
      return String.format(
          Locale.ROOT,
          "%s<small>%s run only</small>",
          Html.number(only.median()),
          pair.a() != null ? "first" : "second");
    }
    return String.format(
        Locale.ROOT,
        "<b title=\"%s; %s\">%s</b><small>%s &rarr; %s</small>",
        Html.spread(pair.a()),
        Html.spread(pair.b()),
        pair.a().median() == 0 ? "" : "&times;" + ratio(pair.ratio()),
        Html.number(pair.a().median()),
        Html.number(pair.b().median()));
  }

  /** A ratio with two digits behind the point. */
  static String ratio(double ratio) {
    return String.format(Locale.ROOT, "%.2f", ratio);
  }

  private static <T> String table(
      List<T> all, Function<T, Figure> figure, Styles styles, Function<T, String> cell) {
    TreeSet<Double> columns = new TreeSet<>();
    Map<String, Map<Double, List<T>>> rows = new LinkedHashMap<>();
    for (T one : all) {
      Figure f = figure.apply(one);
      columns.add(f.x());
      rows.computeIfAbsent(f.line(), line -> new LinkedHashMap<>())
          .computeIfAbsent(f.x(), x -> new ArrayList<>())
          .add(one);
    }
    StringBuilder html = new StringBuilder("<table>\n<thead><tr><th>");
    html.append(Html.escape(figure.apply(all.get(0)).xName())).append("</th>");
    columns.forEach(x -> html.append("<th>").append(Html.exact(x)).append("</th>"));
    html.append("</tr></thead>\n<tbody>\n");
    rows.forEach(
        (line, cells) -> {
          html.append("<tr><th>").append(Plot.sample(styles, line)).append(Html.escape(line));
          html.append("</th>");
          for (double x : columns) {
            List<T> here = cells.getOrDefault(x, List.of());
            html.append(isFaint(here) ? "<td class=\"same\">" : "<td>");
            html.append(here.stream().map(cell).collect(Collectors.joining()));
            html.append("</td>");
          }
          html.append("</tr>\n");
        });
    return html.append("</tbody></table>\n").toString();
  }

  private static boolean isFaint(List<?> cell) {
    return !cell.isEmpty()
        && cell.stream().allMatch(one -> one instanceof Ratios.Pair pair && !pair.isApart());
  }
}
