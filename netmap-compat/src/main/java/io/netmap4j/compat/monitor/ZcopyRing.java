package io.netmap4j.compat.monitor;

import static io.netmap4j.Netmap.NS_BUF_CHANGED;
import static io.netmap4j.Netmap.NS_MOREFRAG;
import static io.netmap4j.layout.RingLayout.SLOT_LEN;
import static io.netmap4j.layout.RingLayout.SLOT_PTR;

import io.netmap4j.linux.Mem;
import io.netmap4j.spi.Kring;

/**
 * Of a zero-copy monitor: a slot of the monitored ring and a free one of this ring exchange buffer
 * and length.
 *
 * <p>The parts of a packet may come one by one, in several syncs, and the other monitored ring's
 * between them. A part leaves its ring with the sync that reports it, so it is taken over at once,
 * and becomes visible with the end of its packet: behind {@code published} are the parts from
 * source 0, then those from source 1, of at most one unfinished packet each.
 */
final class ZcopyRing extends MonitorRing {
  /** How many slots each source's unfinished packet has here. */
  private final int[] parts = new int[2];

  /** The source's packet is lost up to its end. */
  private final boolean[] skip = new boolean[2];

  private volatile ZcopyRing next;

  ZcopyRing(Kring kring) {
    super(kring, null);
  }

  @Override
  int report(Tap tap, int first, int count) {
    Kring from = tap.from;
    int s = tap.source;
    lock();
    if (count > room() && parts[s] > 0) {
      discard(s);
      skip[s] = true; // its next part is among those that are lost
    }
    int drop = Math.max(0, count - room());
    for (int i = 0; i < drop; i++) {
      skip[s] = more(from, from.plus(first, i));
      lost += skip[s] ? 0 : 1;
    }
    int packets = 0;
    for (int i = drop, at = from.plus(first, drop); i < count; i++, at = from.next(at)) {
      long slot = from.slot(at);
      long word = Mem.getLong(slot); // once: it is the user's
      boolean more = (word >>> 48 & NS_MOREFRAG) != 0;
      if (skip[s]) {
        lost += more ? 0 : 1;
        skip[s] = more;
      } else if (!exchange(tap, slot, word)) {
        discard(s);
        unreadable++;
        skip[s] = more;
        lost -= more ? 1 : 0; // skipping it counts it
      } else {
        parts[s]++;
        if (s == 0) {
          bubble(parts[1], 1);
        }
        if (!more) {
          finish(s);
          packets++;
        }
      }
    }
    publish(back(filled, parts[0] + parts[1]), packets);
    return count;
  }

  /**
   * The slot becomes the one before {@code filled}; false when one of the two has no buffer, or its
   * bytes are not in it.
   */
  private boolean exchange(Tap tap, long slot, long word) {
    long mine = kring.slot(filled);
    int index = Mem.getInt(mine);
    int len = (int) (word >>> 32) & 0xffff;
    int flags = (int) (word >>> 48);
    if ((flags & tap.indirectFlag) != 0
        || bytes(tap.from, slot, (int) word, len) == 0
        || !region.isBuffer(index)) {
      return false;
    }
    int myLen = Math.min(Mem.getShort(mine + SLOT_LEN) & 0xffff, region.bufSize());
    if (kring.offsetMask != 0) {
      Mem.putLong(mine + SLOT_PTR, tap.from.offset(slot));
    }
    int shown = flags & tap.keptFlags | tap.addedFlags;
    Mem.putLong(mine, word & 0x0000ffff_ffffffffL | (long) shown << 48);
    Mem.putLong(
        slot, index & 0xffffffffL | (long) myLen << 32 | (long) (flags | NS_BUF_CHANGED) << 48);
    filled = kring.next(filled);
    return true;
  }

  /** Source {@code s} has finished its packet: it goes before the parts of the other one. */
  private void finish(int s) {
    if (s == 1) {
      bubble(parts[0], parts[1]);
    }
    parts[s] = 0;
  }

  /** Gives the slots of an unfinished packet up, with the buffers that they have. */
  private void discard(int s) {
    if (s == 0) {
      bubble(parts[0], parts[1]);
    }
    filled = back(filled, parts[s]);
    parts[s] = 0;
  }

  /** Moves the last {@code count} filled slots before the {@code over} slots in front of them. */
  private void bubble(int over, int count) {
    for (int n = count; over > 0 && n > 0; n--) {
      int to = back(filled, n);
      for (int k = 0; k < over; k++) {
        int before = back(to, 1);
        swap(kring.slot(before), kring.slot(to));
        to = before;
      }
    }
  }

  private static void swap(long a, long b) {
    long word = Mem.getLong(a);
    long ptr = Mem.getLong(a + SLOT_PTR);
    Mem.putLong(a, Mem.getLong(b));
    Mem.putLong(a + SLOT_PTR, Mem.getLong(b + SLOT_PTR));
    Mem.putLong(b, word);
    Mem.putLong(b + SLOT_PTR, ptr);
  }

  private int back(int i, int n) {
    int to = i - n;
    return to < 0 ? to + kring.numSlots : to;
  }

  /** What feeds this ring changes: unfinished packets will not be finished. */
  void forgetParts() {
    lock();
    for (int s = 0; s < 2; s++) {
      lost += parts[s] > 0 || skip[s] ? 1 : 0;
      discard(s);
      skip[s] = false;
    }
    unlock();
  }

  /** The ring that gets what this one's user has released; null for none. */
  void next(ZcopyRing ring) {
    next = ring;
    if (ring != null && gone()) {
      ring.markGone();
    }
  }

  @Override
  void markGone() {
    super.markGone();
    ZcopyRing behind = next;
    if (behind != null) {
      behind.markGone();
    }
  }
}
