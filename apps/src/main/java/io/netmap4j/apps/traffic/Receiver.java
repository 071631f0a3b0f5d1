package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;

/** The receive loop: wait for packets, look at their slots, give them back. For one thread. */
public final class Receiver {
  private static final long SILENCE_NANOS = 1_000_000_000;

  private final NetmapPort port;
  private final int burst;
  private final Tally[] tallies;

  /**
   * @param tallies one for each ring of the port, by ring number
   */
  public Receiver(NetmapPort port, int burst, Tally[] tallies) {
    this.port = port;
    this.burst = burst;
    this.tallies = tallies;
  }

  /**
   * Takes {@code count} packets, 0 for no end.
   *
   * @param untilSilence also ends after a second without a packet, once there was one
   */
  public void run(long count, boolean untilSilence, Stop stop) {
    long left = count == 0 ? Long.MAX_VALUE : count;
    long heard = 0;
    while (left > 0 && !stop.requested()) {
      int ready = port.poll(NetmapPort.POLLIN, 100);
      Ports.check(port, ready);
      if (ready != 0) {
        heard = System.nanoTime();
      } else if (untilSilence && heard != 0 && System.nanoTime() - heard > SILENCE_NANOS) {
        break;
      }
      for (int r = port.firstRxRing(); r < port.endRxRing() && left > 0; r++) {
        left -= take(port.rx(r), (int) Math.min(left, burst), tallies[r]);
      }
    }
    port.rxSync(); // gives the last slots back
  }

  private static int take(NetmapRing ring, int most, Tally tally) {
    int space = ring.space();
    int slot = ring.head();
    int packets = 0;
    long bytes = 0;
    for (int k = 0; k < space && packets < most; k++) {
      bytes += ring.len(slot);
      packets += (ring.slotFlags(slot) & Netmap.NS_MOREFRAG) == 0 ? 1 : 0;
      slot = ring.next(slot);
    }
    if (packets > 0) {
      ring.advance(slot);
      tally.add(packets, bytes, space);
    }
    return packets;
  }
}
