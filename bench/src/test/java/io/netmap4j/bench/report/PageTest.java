package io.netmap4j.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class PageTest {
  private static final Pattern CELL =
      Pattern.compile("<b data-figure=\"(\\d+)\">([^<]*)</b><small>([^<]*)</small>");
  private static final Pattern MARK = Pattern.compile("class=\"mark\" data-figure=\"(\\d+)\"");

  private static Figure figure(
      String chart, String what, String line, double x, String xName, double... rounds) {
    return Figure.of(chart, what, line, x, xName, "ns", rounds, "./netmap4j bench <" + chart + ">");
  }

  private static Run run(double factor) {
    List<Figure> figures = new ArrayList<>();
    for (String what : List.of("rx", "tx", "forward", "forward, one operation")) {
      for (double batch : List.of(1.0, 8.0, 32.0, 256.0)) {
        double cost = factor * (10 + 50 / batch);
        figures.add(
            figure("compare", what, "netmap4j uio", batch, "batch", cost, cost * 1.01, cost * .99));
        if (!what.contains(",")) {
          figures.add(figure("compare", what, "DPDK 1 & <2>", batch, "batch", 20, 21, 22));
          figures.add(figure("compare", what, "DPDK 3", batch, "batch", 30, 31, 32));
        }
        figures.add(figure("bill", what, "netmap4j uio", batch, "batch", 1 / batch));
        figures.add(figure("bill", what, "DPDK 3", batch, "batch", 0));
      }
    }
    for (double p : List.of(50.0, 99.0, 99.99, 100.0)) {
      figures.add(figure("latency", "half load", "netmap4j", p, "percentile", p * 1000, 1));
    }
    figures.add(figure("wakeup", "idle", "netmap4j", 0, "us idle", -3, 5));
    figures.add(figure("of our own", "</script><!-- \u00fc", "one", 7, "x", 1e-9, 1e12));
    return new Run("bench & more", "2026-11-27T01:00:00Z", Map.of("processor", "A < B"), figures);
  }

  private static List<String> svgs(String html) {
    Matcher svg = Pattern.compile("<svg class=\"plot\".*?</svg>", Pattern.DOTALL).matcher(html);
    return svg.results().map(r -> r.group()).toList();
  }

  private static Run embedded(String html, String id) throws Exception {
    int begin = html.indexOf("id=\"" + id + "\">") + id.length() + 6;
    return Run.parse(html.substring(begin, html.indexOf("</script", begin)));
  }

  @Test
  void theEmbeddedJsonIsTheRun() throws Exception {
    Run run = run(1);
    assertThat(embedded(Page.of(run), "run-json")).isEqualTo(run);
    Run other = run(2);
    String both = Page.of(run, "a", other, "b");
    assertThat(embedded(both, "run-json")).isEqualTo(run);
    assertThat(embedded(both, "run-json-2")).isEqualTo(other);
  }

  @Test
  void eachFigureHasACellAndAMark() {
    Run run = run(1);
    String html = Page.of(run);
    List<Integer> indices = new ArrayList<>();
    CELL.matcher(html)
        .results()
        .forEach(
            cell -> {
              int index = Integer.parseInt(cell.group(1));
              Figure f = run.figures().get(index);
              indices.add(index);
              assertThat(value(cell.group(2))).isCloseTo(f.median(), near(f.median()));
              if (f.min() != f.max()) {
                String[] spread = cell.group(3).split("\u2013");
                assertThat(value(spread[0])).isCloseTo(f.min(), near(f.min()));
                assertThat(value(spread[1])).isCloseTo(f.max(), near(f.max()));
              }
            });
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i < run.figures().size(); i++) {
      all.add(i);
    }
    assertThat(indices).containsExactlyInAnyOrderElementsOf(all);
    List<Integer> marks = new ArrayList<>();
    MARK.matcher(html).results().forEach(mark -> marks.add(Integer.parseInt(mark.group(1))));
    assertThat(marks).containsExactlyInAnyOrderElementsOf(all);
  }

  private static double value(String text) {
    return Double.parseDouble(text.replace(",", ""));
  }

  private static org.assertj.core.data.Offset<Double> near(double value) {
    return org.assertj.core.data.Offset.offset(Math.abs(value) * 0.05 + 1e-12);
  }

  /** Coordinates grow with what they show, and lie within the drawing. */
  @Test
  void marksLieWhereTheirValuesAre() throws Exception {
    Run run = run(1);
    for (String svg : svgs(Page.of(run))) {
      Document document =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(new InputSource(new StringReader(svg)));
      var paths = document.getElementsByTagName("path");
      List<double[]> marks = new ArrayList<>(); // x, y, value of x, median
      for (int i = 0; i < paths.getLength(); i++) {
        var attributes = paths.item(i).getAttributes();
        if (attributes.getNamedItem("data-figure") != null) {
          Figure f =
              run.figures()
                  .get(Integer.parseInt(attributes.getNamedItem("data-figure").getNodeValue()));
          String[] at = attributes.getNamedItem("transform").getNodeValue().split("[(,)]");
          marks.add(
              new double[] {
                Double.parseDouble(at[1]), Double.parseDouble(at[2]), f.x(), f.median()
              });
        }
      }
      assertThat(marks).isNotEmpty();
      for (double[] a : marks) {
        assertThat(a[0]).isBetween(60.0, 600.0);
        assertThat(a[1]).isBetween(0.0, 300.0);
        for (double[] b : marks) {
          if (a[2] < b[2]) {
            assertThat(a[0]).isLessThan(b[0]);
          }
          if (a[3] < b[3]) {
            assertThat(a[1]).isGreaterThanOrEqualTo(b[1]);
          }
        }
      }
    }
  }

  @Test
  void textOfARunIsNotMarkup() {
    String html = Page.of(run(1));
    assertThat(html)
        .contains("DPDK 1 &amp; &lt;2&gt;", "A &lt; B", "./netmap4j bench &lt;compare&gt;")
        .doesNotContain("<2>", "<!-- ", "A < B", "<compare>");
    assertThat(html.split("</script>", -1)).hasSize(3); // the data and our few lines
  }

  @Test
  void thePageLoadsNothing() {
    assertThat(Page.of(run(1)))
        .contains("default-src 'none'")
        .doesNotContain("src=", "http://", "https://", "url(", "@import", "<link");
  }

  @Test
  void oursAreComparedWithTheQuickestOfDpdk() {
    String html = Page.of(run(1));
    // 11.5625 at batch 32 beside the 21 of DPDK 1, not the 31 of DPDK 3; forwarding both ways
    assertThat(html.split("<b>0\\.55</b><small>11\\.6 : 21</small>", -1)).hasSize(5);
    Run alone =
        new Run("t", "w", Map.of(), List.of(figure("compare", "rx", "netmap4j", 1, "batch", 2)));
    assertThat(Page.of(alone)).doesNotContain("quickest path");
  }

  @Test
  void twoRunsSideBySide() {
    Run a = run(1);
    List<Figure> figures = new ArrayList<>(run(1.5).figures());
    figures.remove(0); // rx, netmap4j uio, batch 1
    figures.add(figure("compare", "rx", "new", 1, "batch", 4));
    Run b = new Run("later", "w", Map.of("processor", "C"), figures);
    List<Ratios.Pair> pairs = Ratios.of(a, b);
    assertThat(pairs).hasSize(a.figures().size() + 1);
    for (Ratios.Pair pair : pairs) {
      if (pair.isWhole()) {
        assertThat(pair.a().line()).isEqualTo(pair.b().line());
        assertThat(pair.a().x()).isEqualTo(pair.b().x());
        if (pair.a().chart().equals("compare")) {
          boolean ours = pair.a().line().startsWith("netmap4j");
          assertThat(pair.ratio()).isCloseTo(ours ? 1.5 : 1, near(0.001));
          assertThat(pair.isApart()).isEqualTo(ours);
        }
      }
    }
    String html = Page.of(a, "first.json", b, "second.json");
    assertThat(html)
        .contains("first.json beside second.json")
        .contains("&times;1.50</b><small>11.6 &rarr; 17.3</small>")
        .contains("60<small>first run only</small>")
        .contains("4<small>second run only</small>")
        .contains("<td>A &lt; B</td><td>C</td>");
    assertThat(html.split("<td class=\"same\">", -1).length)
        .isEqualTo(1 + (int) pairs.stream().filter(pair -> !pair.isApart()).count());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "7, 7",
    "-3, -3",
    "1234567, '1,234,567'",
    "123.4, 123",
    "12.34, 12.3",
    "1.234, 1.23",
    "0.125, 0.13",
    "0.03125, 0.031",
    "0.0042, 0.00420",
    "0.00001, 1.00e-05",
    "1e20, 1.00e+20"
  })
  void numbersAreShort(double value, String text) {
    assertThat(Html.number(value)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "9999, '9,999'",
    "10000, 10k",
    "-25000, -25k",
    "2500000, 2.50M",
    "5e9, 5G",
    "0.5, 0.50"
  })
  void labelsOfAnAxisAreShorter(double value, String text) {
    assertThat(Html.tick(value)).isEqualTo(text);
  }
}
