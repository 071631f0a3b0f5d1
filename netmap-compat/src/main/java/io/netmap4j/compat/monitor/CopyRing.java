package io.netmap4j.compat.monitor;

import static io.netmap4j.Netmap.NS_INDIRECT;
import static io.netmap4j.Netmap.NS_MOREFRAG;
import static io.netmap4j.layout.RingLayout.SLOT_LEN;
import static io.netmap4j.layout.RingLayout.SLOT_PTR;

import io.netmap4j.compat.vswitch.IndirectRanges;
import io.netmap4j.linux.Mem;
import io.netmap4j.spi.Kring;
import java.lang.ref.Reference;

/** Of a copying monitor: packets are copied, cut to this ring's buffers. */
final class CopyRing extends MonitorRing {
  CopyRing(Kring kring, Kring arrivals) {
    super(kring, arrivals);
  }

  /** Takes whole packets only; the beginning of one is reported again with its end. */
  @Override
  int report(Tap tap, int first, int count) {
    Kring from = tap.from;
    int whole = count;
    int last = from.plus(first, count - 1);
    while (whole > 0 && more(from, last)) {
      whole--;
      last = last == 0 ? from.numSlots - 1 : last - 1;
    }
    if (whole > 0) {
      lock();
      int skipped = makeRoom(from, first, whole);
      copy(tap, from.plus(first, skipped), whole - skipped);
    }
    return whole;
  }

  /** How many slots are lost: those that there is no room for, up to the end of a packet. */
  private int makeRoom(Kring from, int first, int count) {
    int drop = count - room();
    int i = 0;
    boolean inside = false;
    while (i < drop || inside && i < count) {
      inside = more(from, from.plus(first, i));
      lost += inside ? 0 : 1;
      i++;
    }
    return i;
  }

  private void copy(Tap tap, int first, int count) {
    Kring from = tap.from;
    int begin = filled; // of the packet
    int packets = 0;
    boolean good = true;
    for (int i = first, left = count; left > 0; left--, i = from.next(i)) {
      long slot = from.slot(i);
      long word = Mem.getLong(slot); // once: it is the user's
      int flags = (int) (word >>> 48);
      good = good && copySlot(tap, slot, word, flags);
      if ((flags & NS_MOREFRAG) == 0) {
        if (good) {
          packets++;
          begin = filled;
        } else {
          unreadable++;
          filled = begin;
          good = true;
        }
      }
    }
    filled = begin; // an end that the user has taken away meanwhile
    publish(begin, packets);
  }

  private boolean copySlot(Tap tap, long slot, long word, int flags) {
    int len = (int) (word >>> 32) & 0xffff;
    if ((flags & tap.indirectFlag) != 0) {
      IndirectRanges.Range[] ranges = IndirectRanges.now();
      long source = Mem.getLong(slot + SLOT_PTR);
      boolean good = IndirectRanges.hold(ranges, source, len) && copyBytes(tap, source, len, flags);
      Reference.reachabilityFence(ranges);
      return good;
    }
    long source = bytes(tap.from, slot, (int) word, len);
    return source != 0 && copyBytes(tap, source, len, flags);
  }

  private boolean copyBytes(Tap tap, long source, int len, int flags) {
    long mine = kring.slot(filled);
    int index = Mem.getInt(mine);
    int copied = 0;
    if (region.isBuffer(index)) {
      int offset = kring.offset(mine);
      copied = Math.max(0, Math.min(len, region.bufSize() - offset));
      Mem.copy(source, region.bufAddress(index) + offset, copied);
    }
    Mem.putInt(
        mine + SLOT_LEN, copied | (flags & tap.keptFlags & ~NS_INDIRECT | tap.addedFlags) << 16);
    filled = kring.next(filled);
    return true;
  }
}
