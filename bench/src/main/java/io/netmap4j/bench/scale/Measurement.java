package io.netmap4j.bench.scale;

import io.netmap4j.bench.control.EarlyEnd;
import io.netmap4j.bench.control.Progress;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Mem;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Measures the points of one curve: Java and C in turn, point after point, in slices of about a
 * millisecond, so that what else goes on in the machine meets all of them alike. Times are those of
 * the thread's processor: being preempted is no cost of a packet.
 */
final class Measurement {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final long LAST_WARM_NANOS = 5_000_000;

  private final EarlyEnd stop;
  private final Progress progress;
  private final int rounds;
  private final int slices;
  private final long sliceNanos;
  private final long warmNanos;

  /**
   * @param slices of each subject at each point in a round
   * @param sliceNanos about how long one is
   * @param warmNanos how long Java runs at each point before the first round
   */
  Measurement(
      EarlyEnd stop, Progress progress, int rounds, int slices, long sliceNanos, long warmNanos) {
    this.stop = stop;
    this.progress = progress;
    this.rounds = rounds;
    this.slices = slices;
    this.sliceNanos = sliceNanos;
    this.warmNanos = warmNanos;
  }

  /**
   * What was measured at a point.
   *
   * @param java ns for a packet, the median of each round's slices
   * @param c the same of the control; empty without one
   */
  @SuppressWarnings("ArrayRecordComponent") // filled round by round
  record Result(Point point, double[] java, double[] c) {
    /** The median of the rounds' ratios. */
    double ratio() {
      double[] ratios = new double[java.length];
      for (int i = 0; i < ratios.length; i++) {
        ratios[i] = java[i] / c[i];
      }
      return median(ratios, ratios.length);
    }
  }

  static double median(double[] values, int count) {
    double[] sorted = Arrays.copyOf(values, count);
    Arrays.sort(sorted);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
  }

  /**
   * Measures.
   *
   * @param points of one curve or several
   * @param control whether they have a control
   * @return null when the end was asked for before all was measured
   * @throws NetmapException when a subject has moved fewer packets than it was given
   */
  List<Result> run(String name, List<Point> points, boolean control) {
    List<Result> results =
        points.stream()
            .map(p -> new Result(p, new double[rounds], new double[control ? rounds : 0]))
            .toList();
    long[] javaRounds = new long[points.size()];
    long[] cRounds = new long[points.size()];
    for (int i = 0; i < javaRounds.length && !stop.requested(); i++) {
      progress.show(name, "warming up " + (i + 1) + " of " + points.size(), Progress.UNKNOWN);
      roundsOfSlice(points.get(i), true, warmNanos);
    }
    for (int i = 0; i < javaRounds.length && !stop.requested(); i++) { // all is compiled by now
      javaRounds[i] = roundsOfSlice(points.get(i), true, LAST_WARM_NANOS);
      cRounds[i] = control ? roundsOfSlice(points.get(i), false, LAST_WARM_NANOS) : 0;
    }
    for (int round = 0; round < rounds && !stop.requested(); round++) {
      progress.show(name, "round " + (round + 1) + " of " + rounds, (double) round / rounds);
      round(results, round, javaRounds, cRounds);
    }
    return stop.requested() ? null : results;
  }

  private void round(List<Result> results, int round, long[] javaRounds, long[] cRounds) {
    int n = results.size();
    double[][] java = new double[n][slices];
    double[][] c = new double[n][slices];
    for (int s = 0; s < slices && !stop.requested(); s++) {
      for (int i = 0; i < n; i++) {
        Point point = results.get(i).point();
        boolean control = cRounds[i] > 0;
        if (control && s % 2 == 0) { // each goes first as often as the other
          c[i][s] = nanosPerPacket(point, false, cRounds[i]);
        }
        java[i][s] = nanosPerPacket(point, true, javaRounds[i]);
        if (control && s % 2 != 0) {
          c[i][s] = nanosPerPacket(point, false, cRounds[i]);
        }
      }
    }
    for (int i = 0; i < n; i++) {
      results.get(i).java()[round] = median(java[i], slices);
      if (cRounds[i] > 0) {
        results.get(i).c()[round] = median(c[i], slices);
      }
    }
  }

  /** Runs a subject for {@code nanos}, and finds out how many rounds a slice has. */
  private long roundsOfSlice(Point point, boolean java, long nanos) {
    long begin = System.nanoTime();
    long n = 1;
    double each;
    do {
      each = nanosPerPacket(point, java, n) * point.packets();
      n = Math.max(1, (long) (sliceNanos / each));
    } while (System.nanoTime() - begin < nanos && !stop.requested());
    return n;
  }

  private static double nanosPerPacket(Point point, boolean java, long n) {
    long nanos;
    long moved;
    if (java) {
      long begin = THREADS.getCurrentThreadCpuTime();
      moved = point.java(n);
      nanos = THREADS.getCurrentThreadCpuTime() - begin;
    } else {
      long answer = Mem.allocate(Long.BYTES);
      moved = point.c(n, answer);
      nanos = Mem.getLong(answer);
      Mem.free(answer);
    }
    long expected = n * point.packets();
    if (moved != expected) {
      throw new NetmapException(
          Errno.EIO,
          String.format(
              Locale.ROOT,
              "%s, %s, %d %s: %s moved %d packets of %d: the figure would be wrong",
              point.chart(),
              point.what(),
              point.x(),
              point.xName(),
              java ? "Java" : "the control",
              moved,
              expected));
    }
    return (double) Math.max(1, nanos) / expected;
  }
}
