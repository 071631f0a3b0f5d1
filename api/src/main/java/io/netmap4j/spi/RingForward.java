package io.netmap4j.spi;

import static io.netmap4j.layout.RingLayout.CUR;
import static io.netmap4j.layout.RingLayout.HEAD;

import io.netmap4j.common.SlotVisitor;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.Order;

/**
 * Both syncs of a {@link Forwarding}: holds the krings, checks the user's indices, has the driver
 * forward, publishes. For one thread at a time.
 */
public final class RingForward {
  private final Kring from;
  private final Kring to;
  private final Forwarding way;

  private RingForward(Kring from, Kring to, Forwarding way) {
    this.from = from;
    this.to = to;
    this.way = way;
  }

  /**
   * The quick way between two rings of one region. Waits for their syncs in flight.
   *
   * @return null when there is none, or a ring is closed
   */
  public static RingForward between(Kring from, Kring to) {
    Forwarding[] way = new Forwarding[1];
    from.betweenSyncs(() -> to.betweenSyncs(() -> way[0] = from.adapter().forwarding(from, to)));
    return way[0] == null ? null : new RingForward(from, to, way[0]);
  }

  /**
   * Forwards what has arrived.
   *
   * @return as {@link Forwarding#forward}; {@link Forwarding#BACKLOG}; −EBUSY while another thread
   *     syncs one of the rings, −EIO when one is stopped
   */
  public int forward(int most, SlotVisitor visitor) {
    if (!from.tryHold()) {
      return -from.busy();
    }
    try {
      if (!to.tryHold()) {
        return -to.busy();
      }
      try {
        return !ready()
            ? Forwarding.BY_SLOTS
            : from.rHead == from.hwTail ? pass(most, visitor) : backlog();
      } finally {
        to.letGo();
      }
    } finally {
      from.letGo();
    }
  }

  /** As {@link Forwarding#verdict}. */
  public int verdict() {
    return way.verdict();
  }

  private boolean ready() {
    return !from.tapped()
        && !to.tapped()
        && (from.offsetMask | to.offsetMask) == 0
        && to.txPrologue()
        && from.rxPrologue()
        && to.hwCur == to.rHead;
  }

  /** The program has packets; the device gets back what that has released. */
  private int backlog() {
    return way.release() ? Forwarding.BACKLOG : Forwarding.BY_SLOTS;
  }

  private int pass(int most, SlotVisitor visitor) {
    try {
      return way.forward(most, visitor);
    } finally {
      from.stamp();
      publish(from);
      publish(to);
    }
  }

  /** As the program would have moved them, and as a sync publishes. */
  private static void publish(Kring k) {
    k.rCur = k.rHead;
    Mem.putInt(k.ring + CUR, k.rHead);
    Order.publishIndex(k.ring + HEAD, k.rHead);
    k.publishTail();
  }
}
