package io.netmap4j.apps;

import io.netmap4j.apps.traffic.Progress;
import io.netmap4j.apps.traffic.Rates;
import io.netmap4j.linux.Terminal;
import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** A bar, the rate of the last seconds, and the time left, in the last line of a terminal. */
final class ProgressLine implements Progress {
  private static final String CLEAR_LINE = "\r\u001b[K";
  private static final long REDRAW_NANOS = 200_000_000;
  private static final int BAR = 20;

  /** The rate is that of about so long. */
  private static final double SECONDS = 5;

  private final PrintStream out;
  private final int fd;
  private final long total;
  private final String unit;
  private long drawnAt = System.nanoTime();
  private long drawnDone;

  /** A moving average, and what it is too small by at the beginning. */
  private double rates;

  private double weights;
  private String shown = "";
  private boolean closed;

  /**
   * @param fd the descriptor of {@code out}
   * @param total what there is to do, more than 0
   * @param unit of it, as {@code packets}
   */
  private ProgressLine(PrintStream out, int fd, long total, String unit) {
    this.out = out;
    this.fd = fd;
    this.total = total;
    this.unit = unit;
  }

  /** None where there is no terminal, or no end to come nearer to: then only lines are printed. */
  static Progress of(PrintStream out, int fd, long total, String unit) {
    return total > 0 && Terminal.size(fd) != null
        ? new ProgressLine(out, fd, total, unit)
        : new Lines(out);
  }

  /** Lines alone. */
  record Lines(PrintStream out) implements Progress {
    @Override
    public void show(long done) {}

    @Override
    public void line(String text) {
      out.println(text);
    }

    @Override
    public void close() {}
  }

  @Override
  public synchronized void show(long done) {
    long now = System.nanoTime();
    if (closed || now - drawnAt < REDRAW_NANOS) {
      return;
    }
    double seconds = (now - drawnAt) / 1e9;
    double weight = 1 - Math.exp(-seconds / SECONDS);
    rates += weight * ((done - drawnDone) / seconds - rates);
    weights += weight * (1 - weights);
    drawnAt = now;
    drawnDone = done;
    shown = text(Math.min(done, total), total, unit, rates / weights);
    draw();
  }

  /** For instance {@code 45% [========= ] 4.50M of 10.0M packets, 1.76M/s, 0:03 left}. */
  static String text(long done, long total, String unit, double rate) {
    double part = (double) done / total;
    int bars = (int) (part * BAR);
    return String.format(
        Locale.ROOT,
        "%3d%% [%s%s] %s of %s %s, %s/s, %s left",
        (int) (part * 100),
        "=".repeat(bars),
        " ".repeat(BAR - bars),
        Rates.brief((double) done),
        Rates.brief((double) total),
        unit,
        Rates.brief(rate),
        time((total - done) / rate));
  }

  private static String time(double seconds) {
    if (Double.isNaN(seconds) || seconds > TimeUnit.DAYS.toSeconds(99)) {
      return "-:--";
    }
    long all = (long) Math.ceil(seconds);
    long hours = all / 3600;
    return hours > 0
        ? String.format(Locale.ROOT, "%d:%02d:%02d", hours, all / 60 % 60, all % 60)
        : String.format(Locale.ROOT, "%d:%02d", all / 60, all % 60);
  }

  private void draw() {
    Terminal.Size screen = Terminal.size(fd);
    int room = screen == null ? 0 : screen.columns() - 1;
    out.print(CLEAR_LINE + shown.substring(0, Math.min(shown.length(), room)));
    out.flush();
  }

  @Override
  public synchronized void line(String text) {
    if (shown.isEmpty() || closed) {
      out.println(text);
    } else {
      out.println(CLEAR_LINE + text);
      draw();
    }
  }

  @Override
  public synchronized void close() {
    if (!closed && !shown.isEmpty()) {
      out.print(CLEAR_LINE);
      out.flush();
    }
    closed = true;
  }
}
