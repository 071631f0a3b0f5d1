package io.netmap4j.porting;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPoll;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;

/** Forward PORT PORT: both ways, without copying a byte, until nothing comes for a second. */
public final class Forward {
  public static void main(String[] args) {
    System.out.println(forward(args[0], args[1], 1000) + " packets forwarded");
  }

  static long forward(String left, String right, int millis) {
    long packets = 0;
    try (NetmapPort a = Netmap.open(left);
        NetmapPort b = Netmap.open(right, NetmapPort.Request.DEFAULT.region(a.memory()));
        NetmapPoll poll = new NetmapPoll()) {
      poll.add(a, NetmapPort.POLLIN).add(b, NetmapPort.POLLIN);
      while (poll.poll(millis) > 0 && ((poll.ready(a) | poll.ready(b)) & NetmapPort.POLLERR) == 0) {
        packets += move(a, b) + move(b, a);
        // What is left had no room: then wait for room over there, not for more packets here.
        boolean aWaits = isLeft(a);
        boolean bWaits = isLeft(b);
        poll.events(a, (aWaits ? 0 : NetmapPort.POLLIN) | (bWaits ? NetmapPort.POLLOUT : 0));
        poll.events(b, (bWaits ? 0 : NetmapPort.POLLIN) | (aWaits ? NetmapPort.POLLOUT : 0));
      }
      a.drain(millis);
      b.drain(millis);
    }
    return packets;
  }

  private static boolean isLeft(NetmapPort port) {
    for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
      if (!port.rx(r).isEmpty()) {
        return true;
      }
    }
    return false;
  }

  private static int move(NetmapPort from, NetmapPort to) {
    NetmapRing tx = to.tx(to.firstTxRing());
    int packets = 0;
    for (int r = from.firstRxRing(); r < from.endRxRing(); r++) {
      NetmapRing rx = from.rx(r);
      int in = rx.head();
      int out = tx.head();
      for (int n = wholePackets(rx, tx.space()); n > 0; n--) {
        rx.swap(in, tx, out); // the buffers change places, len and NS_MOREFRAG go along
        packets += (tx.slotFlags(out) & Netmap.NS_MOREFRAG) == 0 ? 1 : 0;
        in = rx.next(in);
        out = tx.next(out);
      }
      rx.advance(in);
      tx.advance(out);
      if (!rx.isEmpty()) {
        tx.cur(tx.tail()); // wake me when there is more room than now
      }
    }
    return packets;
  }

  /** Slots up to the end of the last packet that fits into {@code room} slots. */
  private static int wholePackets(NetmapRing rx, int room) {
    int whole = 0;
    int slot = rx.head();
    for (int n = 1; n <= Math.min(room, rx.space()); n++, slot = rx.next(slot)) {
      whole = (rx.slotFlags(slot) & Netmap.NS_MOREFRAG) == 0 ? n : whole;
    }
    return whole;
  }
}
