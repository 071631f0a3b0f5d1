package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapRing;

/** Packets of one slot or several in an RX ring. */
public final class Packets {
  private Packets() {}

  /** How many slots the packet at {@code slot} has; 0 when that is more than {@code limit}. */
  public static int slots(NetmapRing rx, int slot, int limit) {
    for (int n = 1; n <= limit; n++, slot = rx.next(slot)) {
      if ((rx.slotFlags(slot) & Netmap.NS_MOREFRAG) == 0) {
        return n;
      }
    }
    return 0;
  }

  /** How many bytes the packet in these slots has, without FCS. */
  public static long bytes(NetmapRing rx, int slot, int slots) {
    long bytes = 0;
    for (int k = 0; k < slots; k++, slot = rx.next(slot)) {
      bytes += rx.len(slot);
    }
    return bytes;
  }

  /** How many slots {@link #copy} takes in {@code tx}. */
  static int slotsOfCopy(NetmapRing rx, int slots, long bytes, NetmapRing tx) {
    if (rx.bufSize() <= tx.bufSize()) {
      return slots;
    }
    long size = tx.bufSize();
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE, (bytes + size - 1) / size));
  }

  /**
   * Copies a packet between rings whose buffers may be of different sizes: slot by slot where each
   * fits, else cut anew.
   *
   * @param slots of the packet at {@code slot} in {@code rx}
   * @param to where it begins in {@code tx}, which has room
   * @return the slot after it in {@code tx}
   */
  static int copy(NetmapRing rx, int slot, int slots, NetmapRing tx, int to) {
    if (rx.bufSize() <= tx.bufSize()) {
      for (int k = 0; k < slots; k++, slot = rx.next(slot), to = tx.next(to)) {
        rx.copy(slot, tx, to);
      }
      return to;
    }
    int filled = 0;
    for (int k = 0; k < slots; k++, slot = rx.next(slot)) {
      int part;
      for (int at = 0, len = Math.min(rx.len(slot), rx.bufSize()); at < len; at += part) {
        if (filled == tx.bufSize()) {
          tx.lenAndFlags(to, filled, Netmap.NS_MOREFRAG);
          to = tx.next(to);
          filled = 0;
        }
        part = Math.min(len - at, tx.bufSize() - filled);
        rx.getBytes(slot, at, tx.buffer(to) + filled, part);
        filled += part;
      }
    }
    tx.lenAndFlags(to, filled, 0);
    return tx.next(to);
  }
}
