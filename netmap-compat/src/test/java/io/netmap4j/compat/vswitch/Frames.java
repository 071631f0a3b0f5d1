package io.netmap4j.compat.vswitch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Frames for tests: made, sent, received. */
final class Frames {
  static final long BROADCAST = 0xffffffffffffL;

  private Frames() {}

  /** A frame of so many bytes, filled with one byte behind the header. */
  static byte[] frame(long to, long from, int length, int fill) {
    byte[] f = new byte[length];
    Arrays.fill(f, (byte) fill);
    for (int i = 0; i < 6; i++) {
      f[i] = (byte) (to >>> 8 * (5 - i));
      f[6 + i] = (byte) (from >>> 8 * (5 - i));
    }
    f[12] = (byte) 0x88;
    f[13] = (byte) 0xb5;
    return f;
  }

  /** Puts a frame into the next slot. */
  static void put(NetmapRing tx, byte[] frame, int flags) {
    int slot = tx.head();
    tx.put(slot, frame, 0, frame.length, flags);
    tx.advance(tx.next(slot));
  }

  static void send(NetmapPort port, byte[] frame) {
    put(port.tx(port.firstTxRing()), frame, 0);
    assertEquals(0, port.txSync());
  }

  /** Every packet that is there, of any number of slots. */
  static List<byte[]> receive(NetmapPort port) {
    List<byte[]> all = new ArrayList<>();
    for (int i = port.firstRxRing(); i < port.endRxRing(); i++) {
      all.addAll(receive(port, i));
    }
    return all;
  }

  static List<byte[]> receive(NetmapPort port, int ring) {
    assertEquals(0, port.rxSync());
    NetmapRing rx = port.rx(ring);
    List<byte[]> all = new ArrayList<>();
    while (!rx.isEmpty()) {
      byte[] whole = {};
      int slot = rx.head();
      boolean more;
      do {
        byte[] part = rx.get(slot);
        int at = whole.length;
        whole = Arrays.copyOf(whole, at + part.length);
        System.arraycopy(part, 0, whole, at, part.length);
        more = (rx.slotFlags(slot) & Netmap.NS_MOREFRAG) != 0;
        slot = rx.next(slot);
      } while (more);
      rx.advance(slot);
      all.add(whole);
      assertTrue(all.size() < rx.numSlots(), "more frames than the ring has room for");
    }
    return all;
  }
}
