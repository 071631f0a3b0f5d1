package io.netmap4j;

/**
 * Packets of one slot or of several, as they lie in rings: all slots but the last have NS_MOREFRAG
 * (docs/netmap-abi.md 5.7).
 */
public final class Packets {
  private Packets() {}

  /**
   * Counts the slots of a packet.
   *
   * @param rx any ring
   * @param slot where the packet begins
   * @param limit how many slots may be looked at: those up to the ring's tail
   * @return 1 or more; 0 when its end is not within {@code limit}
   */
  public static int slots(NetmapRing rx, int slot, int limit) {
    for (int n = 1; n <= limit; n++, slot = rx.next(slot)) {
      if ((rx.slotFlags(slot) & Netmap.NS_MOREFRAG) == 0) {
        return n;
      }
    }
    return 0;
  }

  /**
   * Counts the bytes of a packet.
   *
   * @param rx any ring
   * @param slot where the packet begins
   * @param slots as {@link #slots} counts them
   * @return bytes without FCS
   */
  public static long bytes(NetmapRing rx, int slot, int slots) {
    long bytes = 0;
    for (int k = 0; k < slots; k++, slot = rx.next(slot)) {
      bytes += rx.len(slot);
    }
    return bytes;
  }

  /**
   * How many slots {@link #copy} takes.
   *
   * @param rx where the packet is
   * @param slots as {@link #slots} counts them
   * @param bytes as {@link #bytes} counts them
   * @param tx where it would go to
   * @return 1 or more
   */
  public static int slotsOfCopy(NetmapRing rx, int slots, long bytes, NetmapRing tx) {
    if (rx.bufSize() <= tx.bufSize()) {
      return slots;
    }
    long size = tx.bufSize();
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE, (bytes + size - 1) / size));
  }

  /**
   * Copies a packet between rings whose buffers may be of different sizes: slot by slot where each
   * fits, else cut anew. On a ring with offsets the copy has none.
   *
   * @param rx where the packet is; of a len beyond the end of a buffer, what is inside is copied
   * @param slot where it begins
   * @param slots as {@link #slots} counts them
   * @param tx another ring, in any region
   * @param to the free slot where the copy begins; {@link #slotsOfCopy} slots from it on are free
   * @return the slot behind the copy in {@code tx}; {@link NetmapRing#advance} sends it
   */
  public static int copy(NetmapRing rx, int slot, int slots, NetmapRing tx, int to) {
    int changed = tx.offsetMask() == 0 ? 0 : Netmap.NS_BUF_CHANGED;
    if (rx.bufSize() <= tx.bufSize()) {
      for (int k = 0; k < slots; k++, slot = rx.next(slot), to = tx.next(to)) {
        tx.offset(to, 0);
        rx.copy(slot, tx, to);
        tx.slotFlags(to, tx.slotFlags(to) | changed);
      }
      return to;
    }
    int filled = 0;
    tx.offset(to, 0);
    for (int k = 0; k < slots; k++, slot = rx.next(slot)) {
      int part;
      int len = Math.min(rx.len(slot), rx.bufSize() - rx.offset(slot));
      for (int at = 0; at < len; at += part) {
        if (filled == tx.bufSize()) {
          tx.lenAndFlags(to, filled, Netmap.NS_MOREFRAG | changed);
          to = tx.next(to);
          tx.offset(to, 0);
          filled = 0;
        }
        part = Math.min(len - at, tx.bufSize() - filled);
        rx.getBytes(slot, at, tx.buffer(to) + filled, part);
        filled += part;
      }
    }
    tx.lenAndFlags(to, filled, changed);
    return tx.next(to);
  }
}
