package io.netmap4j;

import io.netmap4j.common.Errno;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The waiting of one port: what a look at its rings finds, what wakes a sleeper, and calls of
 * wakeup. {@link NetmapPoll} does the sleeping, also for a port that is waited for alone.
 */
final class PortWaits {
  // Of scan and NetmapPoll only, beside POLLIN, POLLOUT and POLLERR.

  /** Everything given to the bound TX rings has left. */
  static final int DRAINED = 1 << 16;

  /** There is carrier. */
  static final int LINKED = 1 << 17;

  /** What a port can be waited for to be. */
  static final int STATES = DRAINED | LINKED;

  /** Another thread was syncing a ring, so there may be more to see. */
  static final int AGAIN = 1 << 18;

  /** Between two looks at a port that cannot wake a thread. */
  static final long STEP_NANOS = 50_000;

  /** Between two looks at the link, which cost a register read. */
  private static final long LINK_STEP_NANOS = 1_000_000;

  /** Between two tries to send what waits for carrier. */
  private static final long UNSENT_STEP_NANOS = 20_000_000;

  private final NetmapPort port;
  private final Adapter adapter;
  private final RingSet.Binding binding;
  private final boolean noTxPoll;
  private final int rxFlags;
  private final Kring[] tx;
  private final Kring[] rx;
  private final NetmapRing[] txRings;
  private volatile boolean closed;

  /** Waits that sleep at the moment, each as often as it has armed this port. Its own lock. */
  private final List<NetmapPoll> sleepers = new ArrayList<>();

  /** For the next wait of one of this port's threads. */
  private final AtomicReference<NetmapPoll> spare = new AtomicReference<>();

  /** Calls of {@link #wakeup}; and how many of them waits for packets and for room have seen. */
  private volatile int wakeups;

  private volatile int wakeupsIn;
  private volatile int wakeupsOut;

  /** How often a wait for this port slept, and after how many of these sleeps it was ready. */
  private final AtomicLong sleeps = new AtomicLong();

  private final AtomicLong wakeUps = new AtomicLong();

  /** The last {@link #poll} found something. A hint: the threads of a port share it. */
  private boolean busy;

  /**
   * @param rxFlags of each RX sync
   * @param tx krings by number, null for those that are not bound; as {@code rx} and {@code
   *     txRings}
   */
  PortWaits(
      NetmapPort port,
      Adapter adapter,
      RingSet.Binding binding,
      boolean noTxPoll,
      int rxFlags,
      Kring[] tx,
      Kring[] rx,
      NetmapRing[] txRings) {
    this.port = port;
    this.adapter = adapter;
    this.binding = binding;
    this.noTxPoll = noTxPoll;
    this.rxFlags = rxFlags;
    this.tx = tx;
    this.rx = rx;
    this.txRings = txRings;
  }

  /** {@link NetmapPort#poll}. */
  int poll(int events, int timeoutMillis) {
    int wanted = events & (NetmapPort.POLLIN | NetmapPort.POLLOUT);
    int ready = scan(wanted) & ~AGAIN;
    if (ready == 0 && timeoutMillis != 0) {
      ready = await(wanted, timeoutMillis, busy, 0);
    }
    busy = ready != 0;
    return ready;
  }

  /**
   * Waits for one of {@link #STATES}.
   *
   * @return false on time-out, at once when the port has failed or the thread is interrupted, and
   *     after a wake-up that comes meanwhile
   */
  boolean reached(int state, int timeoutMillis) {
    int before = wakeups; // a look may take long
    int found = scan(state);
    if (found == 0 && timeoutMillis != 0) {
      found = await(state, timeoutMillis, true, before);
    }
    return found == state;
  }

  /** Looks at least once more. */
  private int await(int events, int timeoutMillis, boolean traffic, int wakeupsBefore) {
    NetmapPoll poll = spare.getAndSet(null);
    if (poll == null) {
      poll = new NetmapPoll().add(port, 0);
    }
    try {
      poll.alone(events, wakeupsBefore).busy(traffic).poll(timeoutMillis);
      return poll.ready(0);
    } finally {
      // The thread that loses, or comes after close(), closes its own.
      if (!spare.compareAndSet(null, poll) || closed && spare.compareAndSet(poll, null)) {
        poll.close();
      }
    }
  }

  /** From now on every look finds POLLERR; ends the waits in progress. */
  void close() {
    closed = true;
    signalSleepers();
    NetmapPoll unused = spare.getAndSet(null);
    if (unused != null) {
      unused.close();
    }
  }

  /** {@link NetmapPort#wakeup}. */
  void wakeup() {
    synchronized (sleepers) {
      wakeups++;
      signalSleepers();
    }
  }

  private void signalSleepers() {
    synchronized (sleepers) {
      sleepers.forEach(NetmapPoll::signal);
    }
  }

  int wakeups() {
    return wakeups;
  }

  /** A wait for this port has slept. */
  void slept(boolean readyNow) {
    sleeps.incrementAndGet();
    if (readyNow) {
      wakeUps.incrementAndGet();
    }
  }

  long sleeps() {
    return sleeps.get();
  }

  long wakeUps() {
    return wakeUps.get();
  }

  /** The wake-ups that a wait for {@code events}, POLLIN or POLLOUT, does not end for. */
  int seenWakeups(int events) {
    boolean in =
        (events & NetmapPort.POLLOUT) == 0
            || (events & NetmapPort.POLLIN) != 0 && wakeupsIn != wakeups;
    return in ? wakeupsIn : wakeupsOut;
  }

  /** A wait for {@code events} ends because of them. */
  void tookWakeups(int events, int seen) {
    if ((events & STATES) != 0) {
      return;
    }
    if ((events & NetmapPort.POLLOUT) == 0 || (events & NetmapPort.POLLIN) != 0) {
      wakeupsIn = seen;
    }
    if ((events & NetmapPort.POLLOUT) != 0) {
      wakeupsOut = seen;
    }
  }

  /** What of {@code events} is ready, with POLLERR and {@link #AGAIN}, looking once. */
  int scan(int events) {
    if (closed || adapter.dead()) {
      return NetmapPort.POLLERR;
    }
    int ready = 0;
    if ((events & DRAINED) != 0) {
      return scanDrained();
    }
    if ((events & LINKED) != 0) {
      return adapter.link().up() ? LINKED : 0;
    }
    if (!noTxPoll || (events & NetmapPort.POLLOUT) != 0) {
      for (int i = binding.txFirst(); i < binding.txEnd(); i++) {
        ready |= scanTx(i, (events & ~ready & NetmapPort.POLLOUT) != 0);
      }
    }
    if ((events & NetmapPort.POLLIN) != 0) {
      boolean sentDown = false;
      for (int i = binding.rxFirst(); i < binding.rxEnd(); i++) {
        Kring k = rx[i];
        int status = k.rxSync(rxFlags);
        ready |= result(status) | (k.rCur != k.rTail ? NetmapPort.POLLIN : 0);
        sentDown |= k.sentDown;
        k.sentDown = false;
      }
      if (sentDown) {
        ready |= sendForwarded();
      }
    }
    return ready;
  }

  /** Host rings have put packets into the device's rings (netmap_poll: send_down). */
  private int sendForwarded() {
    int ready = 0;
    for (int i = binding.txFirst(); i < binding.txEnd(); i++) {
      ready |= txRings[i].head() != tx[i].hwCur ? result(tx[i].txSync(0)) : 0;
    }
    return ready;
  }

  private static int result(int status) {
    return status == 0 ? 0 : status == Errno.EBUSY ? AGAIN : NetmapPort.POLLERR;
  }

  /**
   * A ring with nothing to flush is left alone unless room is wanted, or it has none: the card may
   * have done with some of it, and who waits for packets only, or has room on another ring, would
   * never know.
   */
  private int scanTx(int i, boolean wantRoom) {
    Kring k = tx[i];
    if (!wantRoom && txRings[i].head() == k.hwCur && txRings[i].cur() != k.rTail) {
      return 0;
    }
    int status = k.txSync(0);
    return result(status) | (wantRoom && k.rCur != k.rTail ? NetmapPort.POLLOUT : 0);
  }

  private int scanDrained() {
    boolean pending = false;
    for (int i = binding.txFirst(); i < binding.txEnd(); i++) {
      int status = tx[i].txSync(Adapter.FORCE_RECLAIM);
      if (status == Errno.EIO) {
        return NetmapPort.POLLERR;
      }
      pending |= status != 0 || txRings[i].txPending();
    }
    return pending ? 0 : DRAINED;
  }

  /** How many descriptors {@link #arm} fills in. */
  int descriptors() {
    return tx.length + rx.length;
  }

  /**
   * Asks for a wake-up when one of {@code events} may have come, and when the port is closed or
   * {@link #wakeup} is called.
   *
   * @param fds takes what becomes readable then, from {@code at} on; negative for none
   * @return after how many nanoseconds to look again at the latest
   */
  long arm(int events, int[] fds, int at, NetmapPoll sleeper) {
    synchronized (sleepers) {
      sleepers.add(sleeper);
    }
    boolean all = true;
    Arrays.fill(fds, at, at + descriptors(), -1);
    for (int i = binding.rxFirst(); i < binding.rxEnd() && wakesByRx(events); i++) {
      fds[at + tx.length + i] = rx[i].adapter().waitFd(rx[i]);
      all &= fds[at + tx.length + i] != -1;
      rx[i].adapter().arm(rx[i], sleeper.signal);
    }
    for (int i = binding.txFirst(); i < binding.txEnd() && wakesByTx(events); i++) {
      fds[at + i] = tx[i].adapter().waitFd(tx[i]);
      all &= fds[at + i] != -1;
      tx[i].adapter().arm(tx[i], sleeper.signal);
    }
    return all ? longestSleep(events) : STEP_NANOS;
  }

  private long longestSleep(int events) {
    if ((events & LINKED) != 0) {
      return LINK_STEP_NANOS;
    }
    return awaitsCarrier(events) ? UNSENT_STEP_NANOS : NetmapPoll.LONGEST_SLEEP_NANOS;
  }

  private static boolean wakesByRx(int events) {
    return (events & NetmapPort.POLLIN) != 0;
  }

  private static boolean wakesByTx(int events) {
    return (events & (NetmapPort.POLLOUT | DRAINED)) != 0;
  }

  /** The last sync has left something in a ring that a poll sends: it waits for carrier. */
  private boolean awaitsCarrier(int events) {
    boolean pending = false;
    if (!noTxPoll || wakesByTx(events)) {
      for (int i = binding.txFirst(); i < binding.txEnd(); i++) {
        pending |= txRings[i].head() != tx[i].hwCur;
      }
    }
    return pending;
  }

  /** Takes {@link #arm} back. */
  void disarm(int events, NetmapPoll sleeper) {
    synchronized (sleepers) {
      sleepers.remove(sleeper);
    }
    for (int i = binding.rxFirst(); i < binding.rxEnd() && wakesByRx(events); i++) {
      rx[i].adapter().disarm(rx[i], sleeper.signal);
    }
    for (int i = binding.txFirst(); i < binding.txEnd() && wakesByTx(events); i++) {
      tx[i].adapter().disarm(tx[i], sleeper.signal);
    }
  }
}
