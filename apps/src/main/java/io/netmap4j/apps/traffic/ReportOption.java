package io.netmap4j.apps.traffic;

import java.util.function.LongSupplier;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/** The option of a command that prints rates while it runs. */
final class ReportOption {
  private static final long STEP_MILLIS = 200;

  @Option(
      names = "-T",
      paramLabel = "MS",
      defaultValue = "1000",
      converter = Converters.Millis.class,
      description = "Time between reports (default: 1000).")
  long millis;

  /** How often to look whether there is something to show. */
  long step() {
    return Math.min(millis, STEP_MILLIS);
  }

  /**
   * What each look is for: the progress, and a line when it is time.
   *
   * @param done so far, in the progress' unit
   */
  Runnable every(Progress progress, LongSupplier done, Supplier<String> line) {
    long[] next = {System.nanoTime() + millis * 1_000_000};
    return () -> {
      progress.show(done.getAsLong());
      if (System.nanoTime() - next[0] >= 0) {
        progress.line(line.get());
        next[0] += millis * 1_000_000;
      }
    };
  }
}
