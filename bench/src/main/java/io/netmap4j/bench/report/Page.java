package io.netmap4j.bench.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** One self-contained HTML page of a run, or of two side by side. It loads nothing. */
public final class Page {
  private static final String HEAD =
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>%s</title>
      <style>
      %s</style>
      </head>
      <body>
      """;

  private final StringBuilder html = new StringBuilder();
  private final Styles styles = new Styles();

  private Page(String title) {
    html.append(String.format(Locale.ROOT, HEAD, Html.escape(title), resource("page.css")));
  }

  /** The page of one run. */
  public static String of(Run run) {
    Page page = new Page(run.title());
    page.html.append("<h1>").append(Html.escape(run.title())).append("</h1>\n");
    page.html.append("<p class=\"faint\">").append(Html.escape(run.when())).append("</p>\n");
    Set<String> charts = Charts.names(run.figures());
    page.contents(charts);
    page.html.append(
        "<p>Each figure is a median of rounds that alternate between the subjects; the small print"
            + " and the bars give the least and the greatest round. docs/performance.md says what the"
            + " figures mean and what they do not.</p>\n");
    page.remarks(run);
    page.html.append(Summary.table(run, page.styles));
    for (String chart : charts) {
      page.heading(chart);
      boolean counts = Charts.areCounts(chart);
      page.html.append(counts ? "<div class=\"counts\">\n" : "");
      Charts.plots(chart, run.figures()).forEach((plot, figures) -> page.block(plot, figures, run));
      page.html.append(counts ? "</div>\n" : "");
      page.commands(Charts.commands(chart, run.figures()));
    }
    page.machine(List.of(run), List.of(""));
    page.json(run, "run-json", "run.json", "the figures");
    return page.end();
  }

  /**
   * The page of two runs, with the ratio of the second to the first for each figure.
   *
   * @param nameA how the page calls the first
   * @param nameB how the page calls the second
   */
  public static String of(Run a, String nameA, Run b, String nameB) {
    Page page = new Page(nameA + " beside " + nameB);
    page.html.append(
        String.format(
            Locale.ROOT,
            "<h1>%s beside %s</h1>%n<p class=\"faint\">%s, %s; %s, %s</p>%n",
            Html.escape(nameA),
            Html.escape(nameB),
            Html.escape(a.title()),
            Html.escape(a.when()),
            Html.escape(b.title()),
            Html.escape(b.when())));
    List<Ratios.Pair> pairs = Ratios.of(a, b);
    List<Figure> all = pairs.stream().map(Ratios.Pair::any).collect(Collectors.toList());
    Set<String> charts = Charts.names(all);
    page.contents(charts);
    page.html.append(
        "<p>The ratio is the second run's median divided by the first's. It is faint where the"
            + " spreads of the rounds overlap: such a difference may be none. Runs that did not"
            + " alternate with each other also differ by what else the machine did.</p>\n");
    for (String chart : charts) {
      page.heading(chart);
      Charts.plots(chart, all).keySet().forEach(plot -> page.pairBlock(plot, pairs, a, b));
      page.commands(Charts.commands(chart, all));
    }
    page.machine(List.of(a, b), List.of(nameA, nameB));
    page.json(a, "run-json", "a.json", nameA);
    page.json(b, "run-json-2", "b.json", nameB);
    return page.end();
  }

  private void contents(Set<String> charts) {
    html.append("<nav>");
    for (String chart : charts) {
      html.append(
          String.format(
              Locale.ROOT,
              "<a href=\"#%s\">%s</a>%n",
              id(chart),
              Html.escape(Charts.about(chart).title())));
    }
    html.append("<a href=\"#machine\">Machine</a>\n<a href=\"#data\">Data</a></nav>\n");
  }

  private void remarks(Run run) {
    run.machine()
        .forEach(
            (name, value) -> {
              if (Run.isRemark(name)) {
                html.append("<p class=\"remark\"><b>").append(Html.escape(name));
                html.append("</b>: ").append(Html.escape(value)).append("</p>\n");
              }
            });
  }

  private void heading(String chart) {
    Charts.About about = Charts.about(chart);
    html.append(
        String.format(
            Locale.ROOT, "<h2 id=\"%s\">%s</h2>%n", id(chart), Html.escape(about.title())));
    if (!about.text().isEmpty()) {
      html.append("<p>").append(Html.escape(about.text())).append("</p>\n");
    }
  }

  private void title(Charts.Plotted plot) {
    html.append(
        String.format(
            Locale.ROOT,
            "<h3>%s <span class=\"faint\">%s</span></h3>%n",
            Html.escape(plot.what()),
            Html.escape(plot.unit())));
  }

  private void block(Charts.Plotted plot, List<Figure> figures, Run run) {
    html.append("<section>\n");
    title(plot);
    html.append("<div class=\"block\">\n");
    if (figures.stream().anyMatch(f -> f.max() != 0 || f.min() != 0)) {
      html.append("<div class=\"plots\">").append(Plot.draw(styles, figures, figures, run));
      html.append("</div>\n");
    }
    html.append("<div>");
    html.append(Tables.of(figures, run, styles));
    html.append("</div>\n</div>\n</section>\n");
  }

  private void pairBlock(Charts.Plotted plot, List<Ratios.Pair> pairs, Run a, Run b) {
    List<Ratios.Pair> here =
        pairs.stream()
            .filter(pair -> Charts.Plotted.of(pair.any()).equals(plot))
            .collect(Collectors.toList());
    List<Figure> ofA = new ArrayList<>();
    List<Figure> ofB = new ArrayList<>();
    for (Ratios.Pair pair : here) {
      if (pair.a() != null) {
        ofA.add(pair.a());
      }
      if (pair.b() != null) {
        ofB.add(pair.b());
      }
    }
    List<Figure> both = new ArrayList<>(ofA);
    both.addAll(ofB);
    title(plot);
    html.append("<div class=\"block\">\n<div class=\"plots two\">");
    figure("first", ofA, both, a);
    figure("second", ofB, both, b);
    html.append("</div>\n<div>");
    html.append(Tables.ofPairs(here, styles));
    html.append("</div>\n</div>\n");
  }

  private void figure(String caption, List<Figure> figures, List<Figure> all, Run run) {
    html.append("<figure>").append(Plot.draw(styles, figures, all, run));
    html.append("<figcaption>the ").append(caption).append(" run</figcaption></figure>");
  }

  private void commands(Set<String> commands) {
    html.append("<p class=\"faint\">Measured by</p>\n<pre>");
    html.append(commands.stream().map(Html::escape).collect(Collectors.joining("\n")));
    html.append("</pre>\n");
  }

  private void machine(List<Run> runs, List<String> names) {
    html.append("<h2 id=\"machine\">Machine, versions, flags</h2>\n<table class=\"facts\">\n");
    if (runs.size() > 1) {
      html.append("<thead><tr><th></th>");
      names.forEach(name -> html.append("<th>").append(Html.escape(name)).append("</th>"));
      html.append("</tr></thead>\n");
    }
    Set<String> facts = new LinkedHashSet<>();
    runs.forEach(run -> facts.addAll(run.machine().keySet()));
    html.append("<tbody>\n");
    for (String fact : facts) {
      html.append("<tr><th>").append(Html.escape(fact)).append("</th>");
      for (Run run : runs) {
        String value = run.machine().getOrDefault(fact, "");
        html.append("<td>").append(Html.escape(value)).append("</td>");
      }
      html.append("</tr>\n");
    }
    html.append("</tbody></table>\n<h2 id=\"data\">Data</h2>\n");
  }

  /** In a script element of JSON, only "</script" and "<!--" could end or change it. */
  private void json(Run run, String id, String file, String name) {
    html.append(
        String.format(
            Locale.ROOT,
            "<p>%d figures of %s: <button hidden data-json=\"%s\" data-file=\"%s\">download as"
                + " JSON</button></p>%n",
            run.figures().size(),
            Html.escape(name),
            id,
            file));
    html.append("<script type=\"application/json\" id=\"").append(id).append("\">\n");
    html.append(run.json().replace("<", "\\u003c")).append("\n</script>\n");
  }

  private String end() {
    return html.append("<script>\n")
        .append(resource("page.js"))
        .append("</script>\n</body>\n</html>\n")
        .toString();
  }

  private static String id(String chart) {
    return "chart-" + chart.replaceAll("[^A-Za-z0-9-]", "-");
  }

  private static String resource(String name) {
    try (InputStream in = Page.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
