package io.netmap4j.apps.traffic;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * When each frame of a recording is due: computed before the first is sent, for one pass over the
 * recording or several. Immutable.
 */
final class SendSchedule {
  private final int[] frames;
  private final long[] due;
  private final int[] ends;
  private final long duration;
  private final long[] lost;

  private SendSchedule(int[] frames, long[] due, int[] ends, long duration, long[] lost) {
    this.frames = frames;
    this.due = due;
    this.ends = ends;
    this.duration = duration;
    this.lost = lost;
  }

  /**
   * Computes it.
   *
   * @param passes how often the recording is sent, 1 or more
   * @param random where delays and losses come from
   */
  static SendSchedule of(Recording of, int passes, LinkModel link, RandomGenerator random) {
    int[] frames = new int[Math.multiplyExact(of.size(), passes)];
    long[] due = new long[frames.length];
    int[] ends = new int[passes];
    long[] lost = new long[passes];
    double free = 0; // when the link is done with the frame before
    double left = 0; // when that frame has left it, with its delay
    int n = 0;
    for (int pass = 0; pass < passes; pass++) {
      for (int i = 0; i < of.size(); i++) {
        int bytes = of.frame(i).length;
        double nanos = link.bandwidth().nanos(bytes, of.gap(i));
        if (link.loss().loses(bytes, random)) {
          lost[pass]++;
          free += link.bandwidth().asRecorded() ? nanos : 0;
          continue;
        }
        free += nanos;
        // No frame overtakes another, and on a link of constant bandwidth they keep their distance.
        double earliest = left + (link.bandwidth().asRecorded() ? 0 : nanos);
        left = Math.max(free + link.delay().nanos(random), earliest);
        frames[n] = i;
        due[n++] = (long) left;
      }
      ends[pass] = n;
    }
    return new SendSchedule(
        Arrays.copyOf(frames, n), Arrays.copyOf(due, n), ends, (long) free, lost);
  }

  int passes() {
    return ends.length;
  }

  /** How many frames are sent, in all passes. */
  int size() {
    return due.length;
  }

  /** Where a pass begins. */
  int begin(int pass) {
    return pass == 0 ? 0 : ends[pass - 1];
  }

  /** One past the last of a pass. */
  int end(int pass) {
    return ends[pass];
  }

  /** Which frame of the recording the {@code n}th is. */
  int frame(int n) {
    return frames[n];
  }

  /** When the {@code n}th is due, in nanoseconds from the beginning. */
  long due(int n) {
    return due[n];
  }

  /** When the next repetition of the schedule begins, in nanoseconds from the beginning. */
  long duration() {
    return duration;
  }

  /** How many frames of a pass are lost on the link, and not sent. */
  long lost(int pass) {
    return lost[pass];
  }
}
