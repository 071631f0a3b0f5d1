package io.netmap4j.compat.monitor;

import io.netmap4j.Netmap;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.Sleepers;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * An RX ring of a monitor. Two monitored rings may fill it, TX and RX, each in its own syncs: a
 * spin lock keeps them apart. The monitor's sync takes no lock: it reads how far the ring is
 * filled, and says how far it has been released.
 *
 * <p>A full ring never holds the monitored port up: of a batch of m slots where f are free, the
 * first m − f are lost, and the rest of a packet that is lost in part.
 */
abstract class MonitorRing {
  private static final VarHandle LOCK;
  private static final int SPINS = 200;

  static {
    try {
      LOCK = MethodHandles.lookup().findVarHandle(MonitorRing.class, "locked", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final Kring kring;
  final Region region;
  final Sleepers sleepers = new Sleepers();

  /** The monitored RX ring whose arrivals this shows; null for none. */
  private final Kring arrivals;

  @SuppressWarnings("unused") // through LOCK
  private volatile int locked;

  /** Slots from here on are the user's or filled; written by the monitor's sync. */
  private volatile int released;

  /** Slots before this one are whole packets; written under the lock. */
  private volatile int published;

  private volatile boolean gone;

  /** Who sleeps for arrivals at the moment. Guarded by this. */
  private final List<Runnable> armed = new ArrayList<>();

  // Under the lock.

  /** The next slot to fill. */
  int filled;

  /** Packets that did not fit, and packets with a slot that cannot be read. */
  long lost;

  long unreadable;

  private long captured;

  MonitorRing(Kring kring, Kring arrivals) {
    this.kring = kring;
    this.region = kring.region;
    this.arrivals = arrivals;
  }

  /**
   * Takes in slots of the ring that {@code tap} watches, within that ring's sync. They are the
   * user's to write: nothing in them is trusted.
   *
   * @param count from slot {@code first} on; at least 1
   * @return how many of them need not be reported again
   */
  abstract int report(Tap tap, int first, int count);

  /** How many slots can be filled. */
  final int room() {
    return kring.numSlots - 1 - kring.distance(released, filled);
  }

  /** Ends a batch that began with {@link #lock}: what is before {@code end} becomes visible. */
  final void publish(int end, int packets) {
    captured += packets;
    boolean news = packets > 0;
    if (news) {
      published = end;
    }
    unlock();
    if (news) {
      sleepers.wake();
    }
  }

  /** Where the bytes of a slot are; 0 when its index, length and offset are not within a buffer. */
  final long bytes(Kring from, long slot, int index, int len) {
    int offset = from.offset(slot);
    return from.region.isBuffer(index) && len + offset <= from.region.bufSize()
        ? from.region.bufAddress(index) + offset
        : 0;
  }

  static boolean more(Kring from, int i) {
    return (Mem.getShort(from.slot(i) + RingLayout.SLOT_FLAGS) & Netmap.NS_MOREFRAG) != 0;
  }

  /** The monitor's own sync. */
  final int rxSync() {
    kring.hwTail = published;
    int status = release();
    released = kring.hwCur;
    if (arrivals != null && kring.hwTail == kring.rTail) {
      arrivals.takeIn(); // whoever has that ring may not look at it for long
      kring.hwTail = published;
    }
    return gone ? Libc.EIO : status;
  }

  private int release() {
    for (int i = kring.hwCur; i != kring.rHead; i = kring.next(i)) {
      if (!region.isBuffer(Mem.getInt(kring.slot(i)))) {
        kring.badSlots++;
        kring.hwCur = i;
        return Libc.EINVAL;
      }
    }
    kring.hwCur = kring.rHead;
    return 0;
  }

  /** Changes the ring between its syncs, before its user has seen anything of it. */
  final void restart(Runnable change) {
    lock();
    try {
      change.run();
      published = kring.hwTail; // packets that came before are not where the slots say
      filled = published;
      captured = 0;
    } finally {
      unlock();
    }
  }

  /** The monitored ring is closed: nothing comes any more. */
  void markGone() {
    synchronized (this) {
      gone = true;
    }
    sleepers.wake();
  }

  final boolean gone() {
    return gone;
  }

  final int waitFd() {
    return arrivals == null || gone ? Adapter.WAKES_BY_CALL : arrivals.adapter().waitFd(arrivals);
  }

  /**
   * A sleeper of this ring sleeps as the port's own do where arrivals may come that nobody takes
   * in, unless the port is closing.
   */
  final synchronized void armArrivals(Runnable wake) {
    if (arrivals != null && !gone) {
      arrivals.adapter().arm(arrivals, wake);
      armed.add(wake);
    }
  }

  /** Takes {@link #armArrivals} back, also when the port is closing: it may wait for that. */
  final void disarmArrivals(Runnable wake) {
    boolean was;
    synchronized (this) {
      was = armed.remove(wake);
    }
    if (was) {
      arrivals.adapter().disarm(arrivals, wake);
    }
  }

  /** Packets shown, lost for want of room, left out because of a slot that cannot be read. */
  final long[] counts() {
    lock();
    long[] counts = {captured, lost, unreadable};
    unlock();
    return counts;
  }

  @SuppressWarnings("ThreadPriorityCheck") // who has the lock may need this processor
  final void lock() {
    for (int spins = 0; !LOCK.weakCompareAndSetAcquire(this, 0, 1); spins++) {
      if (spins < SPINS) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  final void unlock() {
    LOCK.setRelease(this, 0);
  }
}
