package io.netmap4j.compat.host;

import static io.netmap4j.Netmap.NS_BUF_CHANGED;
import static io.netmap4j.Netmap.NS_FORWARD;
import static io.netmap4j.Netmap.NS_MOREFRAG;
import static io.netmap4j.Netmap.NS_REPORT;
import static io.netmap4j.layout.RingLayout.SLOT_FLAGS;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.spi.Kring;

/**
 * One host TX ring: what is sent on it, the stack receives (netmap_txsync_to_host). It does not
 * fill up: each slot is the user's again after the sync.
 */
final class HostTxRing {
  private static final int FLAGS_DONE = NS_REPORT | NS_BUF_CHANGED | NS_MOREFRAG | NS_FORWARD;

  final ToStack stack;

  HostTxRing(ToStack stack) {
    this.stack = stack;
  }

  int sync(Kring k) {
    int slot = k.hwCur;
    int todo = k.distance(slot, k.rHead);
    if (todo > 0 && (flags(k, before(k, k.rHead)) & NS_MOREFRAG) != 0) {
      return Libc.EINVAL; // as on a NIC: nothing of this batch goes out until the packet has an end
    }
    int status = 0;
    while (todo > 0) {
      int n = ToStack.slots(k, slot, todo);
      long done = n == 0 ? 0 : stack.write(k, slot, n);
      if (n == 0 || done == -Libc.EBADFD) {
        status = n == 0 ? Libc.EINVAL : Libc.EIO; // 0: the user took the end away meanwhile
        break;
      }
      if (done == -Libc.EAGAIN) {
        break;
      }
      if (done == ToStack.BAD) {
        k.badSlots += n;
        k.unsent++;
        status = Libc.EINVAL;
      }
      int end = slot + n;
      slot = end >= k.numSlots ? end - k.numSlots : end;
      todo -= n;
      long flags = k.slot(before(k, slot)) + SLOT_FLAGS;
      Mem.putShort(flags, (short) (Mem.getShort(flags) & ~FLAGS_DONE));
    }
    k.hwCur = slot;
    k.hwTail = before(k, slot);
    return status;
  }

  private static int before(Kring k, int slot) {
    return slot == 0 ? k.numSlots - 1 : slot - 1;
  }

  private static int flags(Kring k, int slot) {
    return Mem.getShort(k.slot(slot) + SLOT_FLAGS);
  }
}
