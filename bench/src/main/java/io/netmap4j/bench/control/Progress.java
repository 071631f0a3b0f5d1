package io.netmap4j.bench.control;

import io.netmap4j.linux.Terminal;
import java.io.PrintWriter;
import java.util.Locale;

/**
 * Where a measurement is: one line that is written over on a terminal, a line for each step else.
 */
public final class Progress implements AutoCloseable {
  /** Of what nobody knows the end of. */
  public static final double UNKNOWN = Double.NaN;

  private static final int STANDARD_ERROR = 2;
  private final PrintWriter out;
  private static final int BAR = 20;

  private final boolean terminal = Terminal.size(STANDARD_ERROR) != null;
  private String step = "";
  private int width;

  /** What was shown last as done, and when that measurement began. */
  private double latest = UNKNOWN;

  private long began;

  /** Shows it on {@code out}, the standard error output. */
  public Progress(PrintWriter out) {
    this.out = out;
  }

  /**
   * What is going on.
   *
   * @param now the step: elsewhere than on a terminal only a change of it is shown
   * @param detail of the step
   * @param part of the measurement that is done, from 0 to 1, or {@link #UNKNOWN}: a bar on a
   *     terminal, and the time left
   */
  public void show(String now, String detail, double part) {
    if (terminal) {
      if (Double.isNaN(latest) || part < latest) {
        began = System.nanoTime(); // another measurement
      }
      latest = part;
      String text = detail.isEmpty() ? now : now + ", " + detail;
      String line = fitting(text, bar(part, (System.nanoTime() - began) / 1e9));
      out.print("\r" + line + " ".repeat(Math.max(0, width - line.length())));
      width = line.length();
      out.flush();
    } else if (!now.equals(step)) {
      out.println(now);
      out.flush();
    }
    step = now;
  }

  /** The bar stays whole in a narrow terminal. */
  private static String fitting(String text, String bar) {
    Terminal.Size screen = Terminal.size(STANDARD_ERROR);
    int room = (screen == null ? 0 : screen.columns()) - 1 - bar.length();
    return text.substring(0, Math.max(0, Math.min(room, text.length()))) + bar;
  }

  /** For instance {@code [===== ] 0:45 left}; nothing when that is unknown. */
  static String bar(double part, double seconds) {
    if (Double.isNaN(part)) {
      return "";
    }
    int bars = (int) (Math.min(part, 1) * BAR);
    String text = " [" + "=".repeat(bars) + " ".repeat(BAR - bars) + "]";
    if (part <= 0) {
      return text;
    }
    long left = (long) Math.ceil(seconds / part - seconds);
    return text + String.format(Locale.ROOT, " %d:%02d left", left / 60, left % 60);
  }

  /** Clears the line, before something else is printed. */
  public void clear() {
    if (width > 0) {
      out.print("\r" + " ".repeat(width) + "\r");
      out.flush();
      width = 0;
    }
  }

  @Override
  public void close() {
    clear();
  }
}
