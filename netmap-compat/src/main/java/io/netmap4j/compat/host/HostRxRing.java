package io.netmap4j.compat.host;

import static io.netmap4j.Netmap.NS_BUF_CHANGED;
import static io.netmap4j.Netmap.NS_FORWARD;
import static io.netmap4j.Netmap.NS_MOREFRAG;
import static io.netmap4j.layout.RingLayout.FLAGS;
import static io.netmap4j.layout.RingLayout.NR_FORWARD;
import static io.netmap4j.layout.RingLayout.SLOT_FLAGS;
import static io.netmap4j.layout.RingLayout.SLOT_LEN;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;

/**
 * One host RX ring: what the stack sends through one queue of the interface
 * (netmap_rxsync_from_host). Each frame is read into the buffers of free slots, one system call for
 * each; a call is made only when the longest frame has room, so what finds none waits in the
 * interface.
 */
final class HostRxRing {
  private static final int IOVEC = 16;

  private final HostLink link;
  private final int queue;
  private final int maxFrame;
  private final ForwardDown down;
  private final boolean forwardAll;
  private long iov;
  private int iovPieces;

  /** Frames that have come; that were longer than the device's, and lost. */
  long frames;

  long tooLong;

  /**
   * @param maxFrame the longest frame of the device that this is the stack of, bytes
   * @param forwardAll as if every released slot had NS_FORWARD
   */
  HostRxRing(HostLink link, int queue, int maxFrame, ForwardDown down, boolean forwardAll) {
    this.link = link;
    this.queue = queue;
    this.maxFrame = maxFrame;
    this.down = down;
    this.forwardAll = forwardAll;
  }

  int sync(Kring k, int flags) {
    int status = receive(k);
    if (k.hwCur != k.rHead) {
      int released = release(k, flags);
      status = status == 0 ? released : status;
    }
    return status;
  }

  /** Slots of the longest frame. */
  private int longest(Kring k) {
    return Math.min(k.numSlots - 1, (maxFrame + room(k) - 1) / room(k));
  }

  /** Bytes of a packet in a slot: what len can say. */
  private static int room(Kring k) {
    return Math.min(k.rxBytes, 0xffff);
  }

  private static int free(Kring k) {
    return k.numSlots - 1 - k.distance(k.hwCur, k.hwTail);
  }

  /** The queue's descriptor, or a sleep without one: a full ring takes nothing in. */
  int waitFd(Kring k) {
    return free(k) < longest(k) ? Adapter.WAKES_BY_CALL : link.fd(queue);
  }

  private int receive(Kring k) {
    int pieces = longest(k);
    if (pieces > iovPieces) {
      Mem.free(iov); // at the first sync, and once more if the slots get offsets
      iov = Mem.allocate((long) pieces * IOVEC);
      iovPieces = pieces;
    }
    int room = room(k);
    int free = free(k);
    for (int reads = 0; free >= pieces && reads < k.numSlots; reads++) {
      if (!describe(k, pieces, room)) {
        k.badSlots++;
        return Libc.EINVAL; // somebody wrote into a slot that is the ring's
      }
      long length = link.read(queue, iov, pieces);
      if (length <= 0) {
        return length == -Libc.EBADFD ? Libc.EIO : 0;
      }
      if (length > (long) pieces * room) {
        tooLong++; // the user has given the interface a larger MTU than the device's
        continue;
      }
      free -= take(k, (int) length, room);
      frames++;
    }
    return 0;
  }

  /** Lists the buffers of the next slots. @return false for an invalid index */
  private boolean describe(Kring k, int pieces, int room) {
    int size = k.region.bufSize();
    long buffers = k.region.address() + k.region.bufOffset();
    int slot = k.hwTail;
    for (int i = 0; i < pieces; i++, slot = k.next(slot)) {
      long address = k.slot(slot);
      int index = Mem.getInt(address);
      if (!k.region.isBuffer(index)) {
        return false;
      }
      Mem.putLong(iov + i * IOVEC, buffers + (long) index * size + k.offset(address));
      Mem.putLong(iov + i * IOVEC + 8, room);
    }
    return true;
  }

  /** Publishes a frame. @return its slots */
  private static int take(Kring k, int length, int room) {
    int left = length;
    int slots = 0;
    do {
      int part = Math.min(left, room);
      left -= part;
      Mem.putInt(k.slot(k.hwTail) + SLOT_LEN, part | (left > 0 ? NS_MOREFRAG << 16 : 0));
      k.hwTail = k.next(k.hwTail);
      slots++;
    } while (left > 0);
    return slots;
  }

  /**
   * Takes [hwCur, rHead) back, packet by packet; those to be forwarded go to the device first.
   * Stops at a slot with an invalid buffer index.
   */
  private int release(Kring k, int flags) {
    boolean ring = forwardAll || (Mem.getInt(k.ring + FLAGS) & NR_FORWARD) != 0;
    boolean forward = ring && (flags & Adapter.CAN_FORWARD_DOWN) != 0;
    int status = 0;
    try {
      while (k.hwCur != k.rHead && status == 0) {
        int todo = k.distance(k.hwCur, k.rHead);
        int n = Math.max(1, ToStack.slots(k, k.hwCur, todo)); // a part of a packet: slot by slot
        int slotFlags = Mem.getShort(k.slot(k.hwCur) + SLOT_FLAGS);
        if (forward && (forwardAll || (slotFlags & NS_FORWARD) != 0)) {
          down.packet(k, k.hwCur, n);
        }
        status = takeBack(k, n);
      }
    } finally {
      down.done(k);
    }
    return status;
  }

  private static int takeBack(Kring k, int slots) {
    for (int i = 0; i < slots; i++) {
      long slot = k.slot(k.hwCur);
      if (!k.region.isBuffer(Mem.getInt(slot))) {
        k.badSlots++;
        return Libc.EINVAL;
      }
      short flags = Mem.getShort(slot + SLOT_FLAGS);
      Mem.putShort(slot + SLOT_FLAGS, (short) (flags & ~(NS_BUF_CHANGED | NS_FORWARD)));
      k.hwCur = k.next(k.hwCur);
    }
    return 0;
  }

  /** When no sync comes any more. */
  void close() {
    Mem.free(iov);
    iov = 0;
  }
}
