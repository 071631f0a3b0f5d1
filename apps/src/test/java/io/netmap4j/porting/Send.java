package io.netmap4j.porting;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import java.util.HexFormat;

/** Send PORT COUNT: frames as quickly as there is room, until all have left. */
public final class Send {
  public static void main(String[] args) {
    boolean all = send(args[0], Integer.parseInt(args[1]));
    System.out.println(all ? "all sent" : "not all sent");
  }

  static boolean send(String name, int count) {
    byte[] frame = new byte[60];
    byte[] header = HexFormat.of().parseHex("ffffffffffff" + "020000000001" + "88b5");
    System.arraycopy(header, 0, frame, 0, header.length);
    try (NetmapPort port = Netmap.open(name)) {
      int sent = 0;
      while (sent < count) {
        int ready = port.poll(NetmapPort.POLLOUT, 1000); // sends what is pending, waits for room
        if ((ready & NetmapPort.POLLERR) != 0) {
          return false;
        }
        for (int r = port.firstTxRing(); r < port.endTxRing(); r++) {
          NetmapRing ring = port.tx(r);
          int slot = ring.head();
          for (int space = ring.space(); space > 0 && sent < count; space--) {
            ring.put(slot, frame); // bytes, len, and flags 0
            ring.putInt(slot, header.length, sent++);
            slot = ring.next(slot);
          }
          ring.advance(slot); // head and cur: the slots are the driver's at the next sync
        }
      }
      return port.drain(10_000);
    }
  }
}
