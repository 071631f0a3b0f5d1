package io.netmap4j.apps.doctor;

import io.netmap4j.apps.traffic.CommandContext;
import io.netmap4j.spi.Finding;
import io.netmap4j.spi.Finding.Verdict;
import java.io.PrintStream;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** Findings as lines of a text, printed as they come, and how many there are of each verdict. */
final class Report implements Consumer<Finding> {
  private final PrintStream out;
  private final CommandContext context;
  private final Map<Verdict, Integer> counts = new EnumMap<>(Verdict.class);

  /**
   * @param context takes each finding as JSON
   */
  Report(PrintStream out, CommandContext context) {
    this.out = out;
    this.context = context;
    for (Verdict v : Verdict.values()) {
      counts.put(v, 0);
    }
  }

  @Override
  public void accept(Finding f) {
    counts.merge(f.verdict(), 1, Integer::sum);
    String verdict = f.verdict().name().toLowerCase(Locale.ROOT);
    out.println(String.format(Locale.ROOT, "%-8s %-16s %s", verdict, f.what(), f.value()));
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("verdict", verdict);
    json.put("what", f.what());
    json.put("value", f.value());
    if (!f.advice().isEmpty()) {
      json.put("advice", f.advice());
    }
    context.json("finding", json);
    if (!f.advice().isEmpty()) {
      out.println(" ".repeat(25) + " -> " + f.advice());
    }
  }

  boolean failed() {
    return counts.get(Verdict.FAILURE) > 0;
  }

  /** The summary as JSON. */
  void total() {
    Map<String, Object> json = new LinkedHashMap<>();
    counts.forEach((verdict, n) -> json.put(verdict.name().toLowerCase(Locale.ROOT), n));
    context.json("totals", json);
  }

  /** As in "1 failure, 0 warnings, 20 ok". */
  String summary() {
    int failures = counts.get(Verdict.FAILURE);
    int warnings = counts.get(Verdict.WARNING);
    return failures
        + (failures == 1 ? " failure, " : " failures, ")
        + warnings
        + (warnings == 1 ? " warning, " : " warnings, ")
        + counts.get(Verdict.OK)
        + " ok";
  }
}
