package io.netmap4j.apps.traffic;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import java.util.concurrent.locks.LockSupport;

/**
 * pkt-gen's ping: sends a frame with a number and the time in it, waits until it is back, and goes
 * on to the next. One is on its way at a time, so that none waits behind another. For one thread.
 */
final class Pinger {
  /** Number, seconds, nanoseconds, four bytes each: where pkt-gen has them in the payload. */
  static final int RESERVED = 12;

  private static final int SECONDS = 4;
  private static final int NANOS = 8;

  private static final long SECOND = 1_000_000_000;

  /** A ping that is not back by then is lost. */
  private static final long LOST_NANOS = SECOND;

  /** Longest wait before a stop request is noticed. */
  private static final int STEP_MILLIS = 100;

  private final NetmapPort port;
  private final NetmapRing tx;
  private final UdpFrame frame;
  private final int slots;
  private final long gapNanos;
  private final RoundTrips times;
  private int number;
  private long sentAt;

  /**
   * @param frame has {@link #RESERVED} bytes for it
   * @param pps pings a second at most; 0 sends the next when the last is back
   */
  Pinger(NetmapPort port, UdpFrame frame, long pps, RoundTrips times) {
    this.port = port;
    this.tx = Ports.firstTxRing(port);
    this.frame = frame;
    this.slots = Scatter.NONE.slots(frame.size(), tx.bufSize() - tx.offset(tx.head()));
    this.gapNanos = pps == 0 ? 0 : SECOND / pps;
    this.times = times;
  }

  /** Sends {@code count}, 0 for no end. One that is on its way at the end counts as neither. */
  void run(long count, Stop stop) {
    try {
      pingEach(count, stop);
    } finally {
      port.rxSync(); // gives the last slots back: the other end of a pipe waits for them
    }
  }

  private void pingEach(long count, Stop stop) {
    long due = System.nanoTime();
    for (long n = 0; n < count || count == 0; n++) {
      sleepUntil(due, stop);
      // No catching up after a slow answer: pings of a burst would wait behind each other.
      due = Math.max(due + gapNanos, System.nanoTime());
      if (!awaitRoom(stop)) {
        return;
      }
      send();
      if (awaitReturn(stop)) {
        times.came(System.nanoTime() - sentAt);
      } else if (!stop.requested()) {
        times.lost();
      }
    }
  }

  private static void sleepUntil(long due, Stop stop) {
    for (long left = due - System.nanoTime();
        left > 0 && !stop.requested();
        left = due - System.nanoTime()) {
      LockSupport.parkNanos(Math.min(left, STEP_MILLIS * 1_000_000L));
    }
  }

  /** Without carrier the ring becomes full. @return false when told to stop */
  private boolean awaitRoom(Stop stop) {
    while (!stop.requested()) {
      if (tx.space() >= slots) {
        return true;
      }
      tx.cur(tx.tail()); // wake me when there is more room than now
      Ports.check(port, port.poll(NetmapPort.POLLOUT, STEP_MILLIS));
    }
    return false;
  }

  private void send() {
    int slot = tx.head();
    int next = frame.put(tx, slot, frame.nextSize(), Scatter.NONE, 0);
    long bytes = tx.buffer(slot);
    number++;
    frame.write(bytes, 0, number);
    sentAt = System.nanoTime();
    // Any clock will do: only the sender reads it.
    frame.write(bytes, SECONDS, (int) (sentAt / SECOND));
    frame.write(bytes, NANOS, (int) (sentAt % SECOND));
    tx.advance(next);
    Ports.checkSync(port, port.txSync());
    times.sent();
  }

  /**
   * @return false when it is lost, or when told to stop
   */
  private boolean awaitReturn(Stop stop) {
    long left = LOST_NANOS;
    while (left > 0 && !stop.requested()) {
      int millis = (int) Math.min(STEP_MILLIS, left / 1_000_000 + 1);
      Ports.check(port, port.poll(NetmapPort.POLLIN, millis));
      boolean back = false;
      for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
        back |= takeAll(port.rx(r));
      }
      if (back) {
        return true;
      }
      left = sentAt + LOST_NANOS - System.nanoTime();
    }
    return false;
  }

  /** Discards all frames of the ring. @return whether the one that is awaited was among them */
  private boolean takeAll(NetmapRing rx) {
    boolean back = false;
    int slot = rx.head();
    for (int space = rx.space(); space > 0; space--, slot = rx.next(slot)) {
      back |= isOurs(rx, slot);
    }
    rx.advance(slot);
    return back;
  }

  private boolean isOurs(NetmapRing rx, int slot) {
    int at = frame.payload();
    return rx.len(slot) >= frame.payload() + RESERVED
        && rx.getInt(slot, at) == number
        && rx.getInt(slot, at + SECONDS) == (int) (sentAt / SECOND)
        && rx.getInt(slot, at + NANOS) == (int) (sentAt % SECOND);
  }
}
