package io.netmap4j.bench.latency;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.bench.control.EarlyEnd;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.WaitMode;
import io.netmap4j.linux.Threads;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * How long a thread that waits in {@link NetmapPort#poll} takes to return, from just before the
 * card takes the packet in. The cards run on the thread that sends: so the card's own time, which
 * {@link #delivery} has, is the only other thing in between.
 */
final class WakeUps implements AutoCloseable {
  private static final int DIGITS = 3;
  private static final int FRAME = 60;
  private static final long LOST_NANOS = 5_000_000_000L;

  private final Cards cards;
  private final NetmapPort near;
  private final NetmapPort far;
  private final EarlyEnd stop;
  private final Histogram delivery = new Histogram(DIGITS);
  private final Thread receiver = new Thread(this::receive, "bench-receiver");
  private volatile boolean ended;
  private volatile RuntimeException failure;

  /** When poll returned last; written before {@link #returned}. */
  private long at;

  private volatile long returned;

  WakeUps(WaitMode mode, EarlyEnd stop) {
    this.cards = new Cards(mode);
    this.near = cards.port(0);
    this.far = cards.port(1);
    this.stop = stop;
    receiver.setDaemon(true);
    receiver.start();
  }

  private void receive() {
    try {
      while (!ended) {
        int ready = far.poll(NetmapPort.POLLIN, -1);
        long now = System.nanoTime();
        NetmapRing rx = far.rx(0);
        int n = rx.space();
        if ((ready & NetmapPort.POLLERR) != 0) {
          throw new NetmapException(Errno.EIO, far.name() + ": poll answered POLLERR");
        }
        if (n > 0) {
          rx.advance(rx.tail());
          at = now;
          returned = returned + n; // nobody else writes it
        }
      }
    } catch (RuntimeException e) {
      failure = e;
    }
  }

  /**
   * Wakes the receiver up some times.
   *
   * @param gapNanos idle time before each, up to twice this
   * @return ns of each
   * @throws NetmapException when the receiver has failed or does not wake up
   */
  @SuppressWarnings("ThreadPriorityCheck") // the receiver may need this processor
  Histogram measure(int count, long gapNanos) {
    Histogram times = new Histogram(DIGITS);
    NetmapRing tx = near.tx(0);
    for (int i = 0; i < count && !stop.requested(); i++) {
      LockSupport.parkNanos(gapNanos + i * 7919L % gapNanos);
      long before = returned;
      tx.lenAndFlags(tx.head(), FRAME, 0);
      tx.advance(tx.next(tx.head()));
      near.txSync();
      long begin = System.nanoTime();
      cards.run();
      delivery.recordValue(System.nanoTime() - begin);
      while (returned == before) {
        if (failure != null) {
          throw failure;
        }
        if (System.nanoTime() - begin > LOST_NANOS) {
          throw new NetmapException(Errno.EIO, "a packet is there and poll does not return");
        }
        Thread.yield();
      }
      times.recordValue(Math.max(0, at - begin));
    }
    return times;
  }

  /** What the card took to take each packet in, and to ask for the interrupt, in ns. */
  Histogram delivery() {
    return delivery;
  }

  @Override
  public void close() {
    ended = true;
    far.wakeup();
    Threads.join(receiver);
    cards.close();
  }
}
