package io.netmap4j.apps.traffic;

import java.util.concurrent.locks.LockSupport;

/** Sends the frames of a recording as a schedule says. For one thread. */
final class ScheduledSender {
  /** Time, for the sender alone; tests have their own. */
  interface Clock {
    /** In nanoseconds, from any origin. */
    long nanoTime();

    /** Waits that long, or less. */
    void await(long nanos);

    /** The system's. */
    Clock SYSTEM =
        new Clock() {
          /** A sleep ends so much late; what is closer is waited for without one. */
          private static final long SPIN_NANOS = 100_000;

          private static final long STEP_NANOS = 50_000_000;

          @Override
          public long nanoTime() {
            return System.nanoTime();
          }

          @Override
          public void await(long nanos) {
            if (nanos > SPIN_NANOS) {
              LockSupport.parkNanos(Math.min(nanos - SPIN_NANOS, STEP_NANOS));
            } else {
              Thread.onSpinWait();
            }
          }
        };
  }

  private final Recording recording;
  private final SendSchedule schedule;
  private final int burst;
  private final Clock clock;
  private volatile long lost;

  /** The frame that is put next. */
  private byte[] current;

  /**
   * @param burst most frames put into the ring before a sync
   */
  ScheduledSender(Recording recording, SendSchedule schedule, int burst, Clock clock) {
    this.recording = recording;
    this.schedule = schedule;
    this.burst = burst;
    this.clock = clock;
  }

  /**
   * Sends until the end or a stop.
   *
   * @param passes over the recording; 0 for no end, unless there is nothing to send
   */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes it
  void run(FrameFeed feed, long passes, Stop stop) {
    FrameFeed.Frame frame =
        (from, ring, slot, bytes) -> ring.putBytes(slot, 0, current, from, bytes);
    long begin = clock.nanoTime();
    for (long pass = 0; (passes == 0 || pass < passes) && !stop.requested(); pass++) {
      int p = (int) (pass % schedule.passes());
      if (p == 0 && pass > 0) {
        begin += schedule.duration();
      }
      for (int n = schedule.begin(p); n < schedule.end(p) && !stop.requested(); n++) {
        awaitTurn(feed, begin + schedule.due(n), stop);
        current = recording.frame(schedule.frame(n));
        feed.awaitRoom(current.length);
        if (!stop.requested()) {
          feed.put(current.length, frame);
          if (feed.unsynced() >= burst) {
            feed.flush();
          }
        }
      }
      lost += schedule.lost(p);
      if (schedule.size() == 0 && (passes == 0 || lost == 0)) {
        break; // another pass would not send anything either
      }
    }
    feed.flush();
  }

  /** What is before the frame leaves first. */
  private void awaitTurn(FrameFeed feed, long due, Stop stop) {
    long left = due - clock.nanoTime();
    while (left > 0 && !stop.requested()) {
      feed.flush();
      clock.await(left);
      left = due - clock.nanoTime();
    }
  }

  /** Frames that the link has lost, by passes that have ended. */
  long lost() {
    return lost;
  }
}
