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
}
