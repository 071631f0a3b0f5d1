package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import java.io.PrintStream;

/** The receive loop: wait for packets, look at their slots, give them back. For one thread. */
public final class Receiver {
  /**
   * What a receiver does with slots beside counting.
   *
   * @param check looks at the numbers in the packets; null for no
   * @param extra buffers that take turns with those in the slots; null for none
   * @param dump where to print each slot; null for nowhere
   */
  record Ways(SequenceCheck check, ExtraBuffers extra, PrintStream dump) {
    static final Ways PLAIN = new Ways(null, null, null);

    boolean plain() {
      return check == null && extra == null && dump == null;
    }
  }

  private static final long SILENCE_NANOS = 1_000_000_000;

  private final NetmapPort port;
  private final int burst;
  private final Tally[] tallies;
  private final Ways ways;
  private final boolean plain;

  /**
   * @param tallies one for each ring of the port, by ring number
   */
  public Receiver(NetmapPort port, int burst, Tally[] tallies) {
    this(port, burst, Ways.PLAIN, tallies);
  }

  Receiver(NetmapPort port, int burst, Ways ways, Tally[] tallies) {
    this.port = port;
    this.burst = burst;
    this.ways = ways;
    this.plain = ways.plain();
    this.tallies = tallies;
  }

  /**
   * Takes {@code count} packets, 0 for no end.
   *
   * @param untilSilence also ends after a second without a packet, once there was one
   */
  public void run(long count, boolean untilSilence, Stop stop) {
    try {
      receive(count, untilSilence, stop);
    } finally {
      if (ways.extra() != null) {
        ways.extra().giveBack();
      }
    }
  }

  private void receive(long count, boolean untilSilence, Stop stop) {
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
        left -= take(r, port.rx(r), (int) Math.min(left, burst));
      }
    }
    port.rxSync(); // gives the last slots back
  }

  private int take(int r, NetmapRing ring, int most) {
    int space = ring.space();
    int slot = ring.head();
    int packets = 0;
    long bytes = 0;
    for (int k = 0; k < space && packets < most; k++) {
      bytes += ring.len(slot);
      packets += (ring.slotFlags(slot) & Netmap.NS_MOREFRAG) == 0 ? 1 : 0;
      if (!plain) {
        look(r, ring, slot);
      }
      slot = ring.next(slot);
    }
    if (slot != ring.head()) {
      ring.advance(slot);
      tallies[r].add(packets, bytes, space);
    }
    return packets;
  }

  private void look(int r, NetmapRing ring, int slot) {
    if (ways.dump() != null) {
      HexDump.print(ways.dump(), ring, slot);
    }
    if (ways.check() != null) {
      ways.check().slot(r, ring, slot);
    }
    if (ways.extra() != null) {
      ways.extra().exchange(ring, slot);
    }
  }
}
