package io.netmap4j;

import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * For tests that can run for hours: every ten seconds a line with a bar, the rate and the time
 * left. Maven passes lines on, and no terminal. For any thread.
 */
public final class SoakProgress {
  private static final long EVERY = TimeUnit.SECONDS.toNanos(10);
  private static final int BAR = 20;

  private final String what;
  private final long all;
  private final long began = System.nanoTime();
  private long next = began + EVERY;

  /**
   * @param all what {@link #at} says at the end
   */
  public SoakProgress(String what, long all) {
    this.what = what;
    this.all = all;
  }

  /** Says how far the test is, if that is due. */
  public synchronized void at(long done) {
    long now = System.nanoTime();
    if (now - next >= 0) {
      next = now + EVERY;
      System.out.println(line(what, done, all, (now - began) / 1e9));
    }
  }

  static String line(String what, long done, long all, double seconds) {
    double part = (double) done / all;
    int bars = (int) (part * BAR);
    String bar = "=".repeat(bars) + " ".repeat(BAR - bars);
    String line =
        String.format(
            Locale.ROOT,
            "%s [%s] %d %%, %.0f a second",
            what,
            bar,
            (int) (part * 100),
            done / seconds);
    if (done == 0) {
      return line;
    }
    long left = Math.round(seconds / part - seconds);
    return line + String.format(Locale.ROOT, ", %d:%02d left", left / 60, left % 60);
  }
}
