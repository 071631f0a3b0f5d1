package io.netmap4j.bench.latency;

import io.netmap4j.bench.control.EarlyEnd;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.WaitMode;
import io.netmap4j.linux.Threads;
import org.HdrHistogram.Histogram;

/** One subject on a pair of cards of its own, which run while it is its turn. */
final class RoundTrips implements AutoCloseable {
  /** Packets under way at most: half of a ring. */
  static final int WINDOW = Cards.SLOTS / 2;

  private static final int DIGITS = 3;
  private static final long FIRST_PACKETS = 1000;

  private final Cards cards;
  private final Exchange exchange;
  private final EarlyEnd stop;
  private final boolean ownResponder;

  /** Makes the subject of a pair of cards. */
  interface Maker {
    Exchange make(Cards cards);
  }

  /**
   * Opens the cards.
   *
   * @param ownResponder answers have a thread of their own
   */
  RoundTrips(Maker maker, boolean ownResponder, EarlyEnd stop) {
    this.cards = new Cards(WaitMode.SPIN);
    this.exchange = maker.make(cards);
    this.ownResponder = ownResponder;
    this.stop = stop;
  }

  /**
   * How many packets come back in a second when up to {@link #WINDOW} are under way all the time.
   *
   * @param seconds of a run, which is the last of several of growing length
   */
  double capacity(double seconds) {
    double nanos = seconds * 1e9;
    for (long count = FIRST_PACKETS; ; count *= 2) {
      Trip trip = Trip.of(count, 0, WINDOW);
      try {
        long begin = System.nanoTime();
        run(trip);
        long took = System.nanoTime() - begin;
        if (took > nanos || stop.requested()) {
          return count * 1e9 / took;
        }
      } finally {
        trip.free();
      }
    }
  }

  /**
   * The times of packets at a fixed rate.
   *
   * @return ns from when each packet was due until it was back
   * @throws NetmapException when one was lost
   */
  Histogram at(double packetsPerSecond, double seconds) {
    long count = Math.max(1, (long) (packetsPerSecond * seconds));
    Trip trip = Trip.of(count, 1e9 / packetsPerSecond, WINDOW);
    try {
      run(trip);
      Histogram times = new Histogram(DIGITS);
      for (long i = 0; i < count && !stop.requested(); i++) {
        times.recordValue(Math.max(0, trip.time(i)));
      }
      return times;
    } finally {
      trip.free();
    }
  }

  private void run(Trip trip) {
    cards.start();
    Thread responder = null;
    try {
      if (ownResponder) {
        exchange.beginEcho();
        responder = new Thread(exchange::echo, "bench-responder");
        responder.setDaemon(true);
        responder.start();
      }
      long got = exchange.ping(trip, !ownResponder);
      if (got < trip.count() && !stop.requested()) {
        throw new NetmapException(
            Errno.EIO,
            (trip.count() - got) + " of " + trip.count() + " packets did not come back in time");
      }
    } finally {
      exchange.endEcho();
      if (responder != null) {
        Threads.join(responder);
      }
      cards.stop();
    }
  }

  @Override
  public void close() {
    exchange.close();
    cards.close();
  }
}
