package io.netmap4j.spi;

/**
 * The time of day in nanoseconds, at the cost of one {@link System#nanoTime}: a millisecond after
 * it was last compared with {@link System#currentTimeMillis}, it is again, so that it follows a
 * clock that is set. Does not allocate. For one thread at a time.
 *
 * <p>Right to a millisecond at first, and to some microseconds after some hundred comparisons.
 */
class WallClock {
  private static final long MILLI = 1_000_000;

  /** Nanoseconds from nanoTime's origin to 1970. */
  private long offset;

  private long compared;

  WallClock() {
    compared = nanoTime();
    offset = millis() * MILLI - compared;
  }

  /** The monotonic clock. */
  long nanoTime() {
    return System.nanoTime();
  }

  /** The clock that may be set. */
  long millis() {
    return System.currentTimeMillis();
  }

  /**
   * Nanoseconds since 1970.
   *
   * @param now what {@link #nanoTime} says
   */
  long at(long now) {
    if (now - compared >= MILLI) {
      compare(now, millis());
    }
    return now + offset;
  }

  /**
   * The time at {@code nanos} is in the millisecond {@code millis}: stays where it is when it is in
   * it, else goes to its nearer end. So it comes as close as the moments of comparison allow, and
   * does not jump while nobody sets the clock.
   */
  private void compare(long nanos, long millis) {
    compared = nanos;
    long begin = millis * MILLI;
    long here = nanos + offset;
    if (here < begin) {
      offset += begin - here;
    } else if (here >= begin + MILLI) {
      offset -= here - (begin + MILLI - 1);
    }
  }
}
