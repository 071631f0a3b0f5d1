package io.netmap4j.bench.compare;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/**
 * Prints results for people: a block for each what, a row for each subject, a column for each
 * batch.
 */
final class Table {
  private static final String[] BILL = {
    "doorbells", "write-backs", "descriptor bytes", "payload bytes"
  };

  private final PrintStream out;
  private final Results times;
  private final Predicate<String> dpdk;

  Table(PrintStream out, Results times, Predicate<String> dpdk) {
    this.out = out;
    this.times = times;
    this.dpdk = dpdk;
  }

  void print(List<String> lines, List<String> whats, List<Integer> batches, String unit) {
    for (String what : whats) {
      out.printf("%n%-34s %s, median of rounds (least-greatest)", what, unit);
      out.printf("%n%-34s", "batch");
      batches.forEach(batch -> out.printf(Locale.ROOT, " %24d", batch));
      out.println();
      for (String line : lines) {
        row(line, what, batches);
      }
    }
  }

  private void row(String line, String what, List<Integer> batches) {
    if (times.keys().noneMatch(key -> key.line().equals(line) && key.what().equals(what))) {
      return;
    }
    out.printf("%-34s", line);
    for (int batch : batches) {
      out.printf(" %24s", cell(new Results.Key(line, what, batch)));
    }
    out.println();
  }

  private String cell(Results.Key key) {
    double[] of = times.of(key);
    if (of.length == 0) {
      return "n/a";
    }
    String text =
        String.format(
            Locale.ROOT,
            "%.1f (%.1f-%.1f)",
            Results.median(of),
            Results.least(of),
            Results.greatest(of));
    return text + ratio(key);
  }

  /** Beside DPDK's quickest; forwarding as one operation beside its forwarding. */
  private String ratio(Results.Key key) {
    if (dpdk.test(key.line())) {
      return "     ";
    }
    String what = key.what().equals("forward-op") ? "forward" : key.what();
    String quickest = times.quickest(what, key.batch(), dpdk);
    if (quickest == null) {
      return "     ";
    }
    double[] ratios = times.ratios(key, new Results.Key(quickest, what, key.batch()));
    return String.format(Locale.ROOT, " %.2f", Results.median(ratios));
  }
}
