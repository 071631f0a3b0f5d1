package io.netmap4j.bench.report;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** How our figures of the chart {@code compare} relate to those of DPDK's quickest path. */
final class Summary {
  private static final String CHART = "compare";
  private static final Set<Double> BATCHES = Set.of(1.0, 8.0, 32.0);

  private static final String ABOUT =
      """
      <h2>Beside DPDK's quickest path</h2>
      <p>Our median divided by the least median of DPDK's paths at that batch, and both; below 1 is quicker than DPDK. \
      Forwarding as one operation is compared with DPDK's forwarding.</p>
      """;

  private record Column(String what, double batch) {}

  private Summary() {}

  /** A table; nothing when the run has no figures of ours beside DPDK's. */
  static String table(Run run, Styles styles) {
    List<Figure> figures =
        run.figures().stream()
            .filter(f -> f.chart().equals(CHART) && BATCHES.contains(f.x()))
            .collect(Collectors.toList());
    Map<String, Map<Column, String>> rows = new LinkedHashMap<>();
    Map<String, TreeSet<Double>> columns = new LinkedHashMap<>();
    for (Figure f : figures) {
      Optional<Figure> dpdk = isDpdk(f) ? Optional.empty() : quickest(figures, f);
      if (dpdk.isPresent()) {
        columns.computeIfAbsent(f.what(), what -> new TreeSet<>()).add(f.x());
        rows.computeIfAbsent(f.line(), line -> new HashMap<>())
            .put(new Column(f.what(), f.x()), cell(f, dpdk.get()));
      }
    }
    return rows.isEmpty() ? "" : table(rows, columns, styles);
  }

  private static String table(
      Map<String, Map<Column, String>> rows, Map<String, TreeSet<Double>> columns, Styles styles) {
    StringBuilder html = new StringBuilder(ABOUT);
    html.append("<div class=\"block\"><div><table>\n<thead><tr><th></th>");
    columns.forEach(
        (what, batches) ->
            html.append(
                String.format(
                    Locale.ROOT,
                    "<th class=\"group\" colspan=\"%d\">%s</th>",
                    batches.size(),
                    Html.escape(what))));
    html.append("</tr>\n<tr><th>batch</th>");
    columns.forEach(
        (what, batches) ->
            batches.forEach(x -> html.append("<th>").append(Html.exact(x)).append("</th>")));
    html.append("</tr></thead>\n<tbody>\n");
    rows.forEach(
        (line, cells) -> {
          html.append("<tr><th>").append(Plot.sample(styles, line)).append(Html.escape(line));
          html.append("</th>");
          columns.forEach(
              (what, batches) ->
                  batches.forEach(
                      x ->
                          html.append("<td>")
                              .append(cells.getOrDefault(new Column(what, x), ""))
                              .append("</td>")));
          html.append("</tr>\n");
        });
    return html.append("</tbody></table></div></div>\n").toString();
  }

  private static boolean isDpdk(Figure f) {
    return f.line().startsWith("DPDK");
  }

  /** What DPDK calls forwarding is compared with each of our ways of forwarding. */
  private static String kind(Figure f) {
    return f.what().startsWith("forward") ? "forward" : f.what();
  }

  private static Optional<Figure> quickest(List<Figure> figures, Figure ours) {
    return figures.stream()
        .filter(Summary::isDpdk)
        .filter(f -> f.x() == ours.x() && f.unit().equals(ours.unit()))
        .filter(f -> kind(f).equals(kind(ours)))
        .min(Comparator.comparingDouble(Figure::median));
  }

  private static String cell(Figure ours, Figure dpdk) {
    return String.format(
        Locale.ROOT,
        "<b>%s</b><small>%s : %s</small>",
        Tables.ratio(ours.median() / dpdk.median()),
        Html.number(ours.median()),
        Html.number(dpdk.median()));
  }
}
