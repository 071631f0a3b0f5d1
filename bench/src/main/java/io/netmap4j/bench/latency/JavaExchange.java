package io.netmap4j.bench.latency;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.bench.control.EarlyEnd;
import io.netmap4j.linux.Mem;

/** Our driver, through ports. {@code ping} and {@code echo} of latency.c are the same in C. */
final class JavaExchange implements Exchange {
  private static final int FRAME = 60;

  /** Where a frame has its number. */
  private static final int NUMBER = 16;

  /** Looks without news after which a thread lets others run. */
  private static final int PATIENCE = 2000;

  private final NetmapPort near;
  private final NetmapPort far;
  private final EarlyEnd stop;
  private volatile boolean ended;

  @SuppressWarnings("UnusedVariable") // written, so that no read is left out
  private long seen;

  JavaExchange(Cards cards, EarlyEnd stop) {
    this.near = cards.port(0);
    this.far = cards.port(1);
    this.stop = stop;
  }

  @Override
  public long ping(Trip trip, boolean answer) {
    NetmapRing tx = near.tx(0);
    NetmapRing rx = near.rx(0);
    final long count = trip.count();
    final double gap = trip.gapNanos();
    final int window = trip.window();
    long sent = 0;
    long got = 0;
    long start = System.nanoTime();
    long last = start;
    int idle = 0;
    while (got < count && !stop.requested()) {
      boolean news = false;
      long now = System.nanoTime();
      int at = tx.head();
      int room = tx.space();
      int n = 0;
      while (sent < count
          && n < room
          && sent - got < window
          && start + (long) (sent * gap) <= now) {
        tx.putLong(at, NUMBER, sent);
        tx.lenAndFlags(at, FRAME, 0);
        at = tx.next(at);
        sent++;
        n++;
      }
      if (n > 0 || tx.txPending()) {
        tx.advance(at);
        ok(near.txSync());
        news = n > 0;
      }
      if (answer) {
        news |= answer() > 0;
      }
      ok(near.rxSync());
      n = rx.space();
      if (n > 0) {
        now = last = System.nanoTime();
        at = rx.head();
        for (int i = 0; i < n; i++) {
          long number = rx.getLong(at, NUMBER);
          if (Long.compareUnsigned(number, count) >= 0) {
            throw new IllegalStateException("packet " + number + " of " + count + " came back");
          }
          Mem.putLong(trip.times() + number * Long.BYTES, now - (start + (long) (number * gap)));
          at = rx.next(at);
        }
        got += n;
        rx.advance(at);
        news = true;
      } else if (sent > got
          && now - last > Trip.PATIENCE_NANOS
          && now - (start + (long) ((sent - 1) * gap)) > Trip.PATIENCE_NANOS) {
        break; // lost
      }
      idle = news ? 0 : pause(idle);
    }
    return got;
  }

  /** Sends back what has come. */
  private int answer() {
    NetmapRing rx = far.rx(0);
    NetmapRing tx = far.tx(0);
    ok(far.rxSync());
    int n = Math.min(rx.space(), tx.space());
    if (n > 0) {
      int from = rx.head();
      int to = tx.head();
      for (int i = 0; i < n; i++) {
        seen += rx.getUnsignedByte(from, 0);
        rx.swap(from, tx, to);
        from = rx.next(from);
        to = tx.next(to);
      }
      rx.advance(from);
      tx.advance(to);
      ok(far.txSync());
    } else if (tx.txPending()) {
      ok(far.txSync()); // room for the next answers
    }
    return n;
  }

  @Override
  public void beginEcho() {
    ended = false;
  }

  @Override
  public void echo() {
    int idle = 0;
    while (!ended && !stop.requested()) {
      idle = answer() > 0 ? 0 : pause(idle);
    }
  }

  @Override
  public void endEcho() {
    ended = true;
  }

  @SuppressWarnings("ThreadPriorityCheck") // another thread may need this processor
  private static int pause(int idle) {
    if (idle < PATIENCE) {
      Thread.onSpinWait();
      return idle + 1;
    }
    Thread.yield();
    return 0;
  }

  private static void ok(int status) {
    if (status != 0) {
      throw new IllegalStateException("a sync answered errno " + status);
    }
  }

  @Override
  public void close() {}
}
