package io.netmap4j.compat.host;

import static io.netmap4j.Netmap.NS_BUF_CHANGED;
import static io.netmap4j.Netmap.NS_MOREFRAG;
import static io.netmap4j.layout.RingLayout.CUR;
import static io.netmap4j.layout.RingLayout.HEAD;
import static io.netmap4j.layout.RingLayout.SLOT_FLAGS;
import static io.netmap4j.layout.RingLayout.SLOT_LEN;

import io.netmap4j.linux.Mem;
import io.netmap4j.linux.Order;
import io.netmap4j.spi.Kring;

/**
 * Moves packets that the user released on a host RX ring into free slots of the device's TX rings,
 * by exchanging buffers, and moves head and cur there as the user would; the next TX sync sends
 * them (netmap_sw_to_nic). What finds no room is lost and counted, as in netmap.
 *
 * <p>The slots from head on are the user's, so this is safe only while the user does not fill them:
 * in a sync by the thread that sends on those rings. A ring that another thread syncs at the moment
 * is passed over, and so is one whose indices are illegal, which its next sync repairs.
 *
 * <p>One for each host RX ring; used within its sync.
 */
final class ForwardDown {
  private final Kring[] txRings;

  /** The first ring that may have room, held if {@link #held}. */
  private int ring;

  private boolean held;

  /** Packets moved, and those that found no room. */
  long packets;

  long lost;

  /**
   * @param txRings the device's, read at each use
   */
  ForwardDown(Kring[] txRings) {
    this.txRings = txRings;
  }

  /** Moves one packet, if it is whole and good and there is room. */
  void packet(Kring from, int first, int slots) {
    if (!good(from, first, slots)) {
      lost++;
      return;
    }
    for (; ring < txRings.length; next()) {
      Kring to = txRings[ring];
      held = held || to.tryHold();
      int head = held ? room(to, slots) : -1;
      if (head >= 0) {
        move(from, first, slots, to, head);
        packets++;
        from.sentDown = true;
        return;
      }
    }
    lost++;
  }

  private void next() {
    if (held) {
      txRings[ring].letGo();
      held = false;
    }
    ring++;
  }

  /** After the packets of one sync. */
  void done(Kring from) {
    if (held) {
      txRings[ring].letGo();
      held = false;
    }
    ring = 0;
  }

  private static boolean good(Kring from, int first, int slots) {
    int slot = first;
    for (int i = 0; i < slots; i++, slot = from.next(slot)) {
      long address = from.slot(slot);
      int length = Mem.getShort(address + SLOT_LEN) & 0xffff;
      boolean more = (Mem.getShort(address + SLOT_FLAGS) & NS_MOREFRAG) != 0;
      if (!from.region.isBuffer(Mem.getInt(address))
          || length > from.region.bufSize() - from.offset(address)
          || more != i < slots - 1) {
        return false;
      }
    }
    return true;
  }

  /** The user's head where that many slots are free behind it; else −1. */
  private static int room(Kring to, int slots) {
    int head = Mem.getInt(to.ring + HEAD);
    int cur = Mem.getInt(to.ring + CUR);
    return to.legal(to.rHead, head, cur, to.rTail) && to.distance(head, to.rTail) >= slots
        ? head
        : -1;
  }

  private static void move(Kring from, int first, int slots, Kring to, int head) {
    int source = first;
    int target = head;
    for (int i = 0; i < slots; i++, source = from.next(source), target = to.next(target)) {
      long s = from.slot(source);
      long t = to.slot(target);
      int length = Mem.getShort(s + SLOT_LEN) & 0xffff;
      int index = Mem.getInt(s);
      shift(from, s, index, length, to.offset(t));
      Mem.putInt(s, Mem.getInt(t));
      Mem.putShort(s + SLOT_FLAGS, (short) NS_BUF_CHANGED);
      Mem.putInt(t, index);
      int flags = NS_BUF_CHANGED | (i < slots - 1 ? NS_MOREFRAG : 0);
      Mem.putInt(t + SLOT_LEN, length | flags << 16);
    }
    Mem.putInt(to.ring + CUR, target);
    Order.publishIndex(to.ring + HEAD, target);
  }

  /** Rings of one port have equal offsets; where they have not, the packet moves in its buffer. */
  private static void shift(Kring from, long slot, int index, int length, int wanted) {
    int has = from.offset(slot);
    int size = from.region.bufSize();
    if (has != wanted && Math.max(has, wanted) + length <= size && from.region.isBuffer(index)) {
      long buffer = from.region.bufAddress(index);
      Mem.copy(buffer + has, buffer + wanted, length);
    }
  }
}
