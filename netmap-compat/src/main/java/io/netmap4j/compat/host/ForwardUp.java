package io.netmap4j.compat.host;

import static io.netmap4j.Netmap.NS_FORWARD;
import static io.netmap4j.layout.RingLayout.FLAGS;
import static io.netmap4j.layout.RingLayout.NR_FORWARD;
import static io.netmap4j.layout.RingLayout.SLOT_FLAGS;

import io.netmap4j.linux.Mem;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingTap;

/**
 * On a device's RX ring with NR_FORWARD: packets that the user released with NS_FORWARD in their
 * first slot go to the stack (netmap_grab_packets, netmap_send_up). One that cannot, and one whose
 * end is not released with it, is lost and counted.
 */
final class ForwardUp implements RingTap {
  final ToStack stack;
  private final boolean forwardAll;

  /** Released slots before this have been seen: the device may not have taken all of them back. */
  private int seen = -1;

  /** Packets that could not be given to the stack as they were. */
  long bad;

  ForwardUp(ToStack stack, boolean forwardAll) {
    this.stack = stack;
    this.forwardAll = forwardAll;
  }

  @Override
  public void before(Kring k) {
    if (seen < 0) {
      seen = k.hwCur;
    }
    if (forwardAll || (Mem.getInt(k.ring + FLAGS) & NR_FORWARD) != 0) {
      forward(k);
    }
    seen = k.rHead;
  }

  private void forward(Kring k) {
    int todo = k.distance(k.hwCur, k.rHead);
    int already = Math.min(todo, k.distance(k.hwCur, seen));
    int slot = already == 0 ? k.hwCur : seen;
    for (todo -= already; todo > 0; ) {
      int n = ToStack.slots(k, slot, todo);
      int slots = n == 0 ? todo : n;
      if (forwardAll || (Mem.getShort(k.slot(slot) + SLOT_FLAGS) & NS_FORWARD) != 0) {
        long done = n == 0 ? ToStack.BAD : stack.write(k, slot, n);
        bad += done < 0 ? 1 : 0;
        clear(k, slot, slots);
      }
      int end = slot + slots;
      slot = end >= k.numSlots ? end - k.numSlots : end;
      todo -= slots;
    }
  }

  private static void clear(Kring k, int first, int slots) {
    int slot = first;
    for (int i = 0; i < slots; i++, slot = k.next(slot)) {
      long flags = k.slot(slot) + SLOT_FLAGS;
      Mem.putShort(flags, (short) (Mem.getShort(flags) & ~NS_FORWARD));
    }
  }

  @Override
  public void after(Kring k, int hwCur, int hwTail) {}
}
