package io.netmap4j.bench.compare;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/** Results for people: a block for each what, a row for each subject, a column for each batch. */
final class Table {
  private final PrintWriter out;
  private final Results results;
  private final Predicate<String> dpdk;

  /**
   * @param dpdk which lines are DPDK's, beside whose quickest the others are put
   */
  Table(PrintWriter out, Results results, Predicate<String> dpdk) {
    this.out = out;
    this.results = results;
    this.dpdk = dpdk;
  }

  /** Medians of the rounds, the least and the greatest, and the ratio to DPDK's quickest. */
  void times(List<String> lines, List<String> whats, List<Integer> batches, String unit) {
    for (String what : whats) {
      head(
          what
              + ": "
              + unit
              + ", median of rounds (least-greatest), times DPDK's quickest in the same round",
          batches);
      for (String line : lines) {
        if (results.keys().anyMatch(key -> key.line().equals(line) && key.what().equals(what))) {
          row(line, batches, batch -> cell(new Results.Key(line, what, batch)));
        }
      }
    }
  }

  private interface Cell {
    String of(int batch);
  }

  private void head(String title, List<Integer> batches) {
    out.printf(Locale.ROOT, "%n%s%n", title);
    row("batch", batches, Integer::toString);
  }

  private void row(String first, List<Integer> batches, Cell cell) {
    StringBuilder row = new StringBuilder(String.format(Locale.ROOT, "%-28s", first));
    for (int batch : batches) {
      row.append(String.format(Locale.ROOT, " %-24s", cell.of(batch)));
    }
    out.println(row.toString().stripTrailing());
  }

  private String cell(Results.Key key) {
    double[] of = results.of(key);
    if (of.length == 0) {
      return "n/a";
    }
    return String.format(
            Locale.ROOT,
            "%.1f (%.1f-%.1f)",
            Results.median(of),
            Results.least(of),
            Results.greatest(of))
        + ratio(key);
  }

  private String ratio(Results.Key key) {
    double[] ratios = dpdk.test(key.line()) ? new double[0] : results.ratiosToQuickest(key, dpdk);
    return ratios.length == 0 ? "" : String.format(Locale.ROOT, " x%.2f", Results.median(ratios));
  }

  /** How far apart two measurements of one subject are. */
  void sameTwice(String line, List<String> whats, List<Integer> batches) {
    head("A/A: " + line + " over itself, median of rounds (least-greatest)", batches);
    for (String what : whats) {
      row(
          what,
          batches,
          batch -> {
            double[] ratios =
                results.ratios(
                    new Results.Key(line + Subject.AGAIN, what, batch),
                    new Results.Key(line, what, batch));
            return ratios.length == 0
                ? "n/a"
                : String.format(
                    Locale.ROOT,
                    "%.3f (%.3f-%.3f)",
                    Results.median(ratios),
                    Results.least(ratios),
                    Results.greatest(ratios));
          });
    }
  }

  /** What crosses PCIe, for a packet. */
  void bills(List<Bill> bills, List<Integer> batches) {
    for (String what : bills.stream().map(Bill::what).distinct().toList()) {
      for (String item : Bill.names()) {
        head("PCIe bill, " + what + ": " + item + " per packet", batches);
        List<Bill> of = bills.stream().filter(bill -> bill.what().equals(what)).toList();
        for (String line : of.stream().map(Bill::line).distinct().toList()) {
          row(
              line,
              batches,
              batch ->
                  of.stream()
                      .filter(bill -> bill.line().equals(line) && bill.batch() == batch)
                      .findFirst()
                      .map(bill -> String.format(Locale.ROOT, "%.3f", bill.perPacket(item)))
                      .orElse("n/a"));
        }
      }
    }
  }

  /** What the clocks add to a window, and how many windows did not count. */
  void clocks(Session session) {
    out.println();
    session
        .lastAnswers()
        .forEach(
            (line, answer) ->
                out.printf(
                    Locale.ROOT,
                    "%s: reading the clock adds %.0f tsc cycles to a window of %d packets (not subtracted);"
                        + " of the last %d windows %d were disturbed and don't count%n",
                    line,
                    answer.clock(),
                    answer.packets(),
                    answer.windows() + answer.dropped(),
                    answer.dropped()));
  }
}
