package io.netmap4j.apps.traffic;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** The counts of one loop: written by its thread once a batch, read by the thread that reports. */
public final class Tally {
  private static final int MUCH_SPACE = 99_999;

  private final AtomicLong packets = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong events = new AtomicLong();
  private final AtomicInteger minSpace = new AtomicInteger(MUCH_SPACE);
  private volatile long begin;
  private volatile long end;

  /** Of a first batch that came before the clock was started: it took no time that is known. */
  private volatile long untimedPackets;

  private volatile long untimedBytes;

  /**
   * The sum over several tallies; times are System.nanoTime(), 0 where nothing has moved.
   *
   * @param timedPackets those that moved between begin and end
   * @param timedBytes of these
   */
  record Sum(
      long packets,
      long bytes,
      long events,
      int minSpace,
      long begin,
      long end,
      long timedPackets,
      long timedBytes) {
    double seconds() {
      return (end - begin) / 1e9;
    }
  }

  /** Starts the clock; else the first batch does. */
  void begin() {
    begin = end = System.nanoTime();
  }

  /** One batch. */
  void add(int morePackets, long moreBytes, int spaceLeft) {
    packets.setRelease(packets.getPlain() + morePackets);
    bytes.setRelease(bytes.getPlain() + moreBytes);
    events.setRelease(events.getPlain() + 1);
    if (spaceLeft < minSpace.getPlain()) {
      minSpace.setRelease(spaceLeft);
    }
    if (begin == 0) {
      untimedPackets = morePackets;
      untimedBytes = moreBytes;
      begin();
    }
    end = System.nanoTime();
  }

  /** Subtracts what was added and then not sent. For the thread that adds. */
  void subtract(int fewerPackets, long fewerBytes) {
    packets.setRelease(packets.getPlain() - fewerPackets);
    bytes.setRelease(bytes.getPlain() - fewerBytes);
  }

  /** Stops the clock, if it runs: what was added last has been done by now. */
  void end() {
    if (begin != 0) {
      end = System.nanoTime();
    }
  }

  public long packets() {
    return packets.getAcquire();
  }

  long bytes() {
    return bytes.getAcquire();
  }

  /** Batches. */
  long events() {
    return events.getAcquire();
  }

  /** Of all of them. */
  static long packets(List<Tally> tallies) {
    long sum = 0;
    for (Tally tally : tallies) {
      sum += tally.packets();
    }
    return sum;
  }

  /**
   * Adds up; with {@code reset} the smallest space starts anew, as pkt-gen does after each line.
   */
  static Sum sum(List<Tally> tallies, boolean reset) {
    long packets = 0;
    long bytes = 0;
    long events = 0;
    int minSpace = 0;
    long begin = 0;
    long end = 0;
    Tally first = null;
    for (Tally t : tallies) {
      packets += t.packets.getAcquire();
      bytes += t.bytes.getAcquire();
      events += t.events.getAcquire();
      minSpace += reset ? t.minSpace.getAndSet(MUCH_SPACE) : t.minSpace.get();
      long began = t.begin;
      if (began != 0 && (first == null || began - begin < 0)) {
        begin = began;
        first = t;
      }
      end = began == 0 ? end : end == 0 ? t.end : Math.max(end, t.end);
    }
    return new Sum(
        packets,
        bytes,
        events,
        minSpace,
        begin,
        end,
        packets - (first == null ? 0 : first.untimedPackets),
        bytes - (first == null ? 0 : first.untimedBytes));
  }
}
