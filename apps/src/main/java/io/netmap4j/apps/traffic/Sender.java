package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import java.io.PrintStream;

/**
 * The transmit loop: wait for room, fill slots, hand them over, again. Everything in it is netmap's
 * API; nothing is allocated for a packet. For one thread.
 */
public final class Sender {
  /**
   * How a sender treats slots and buffers.
   *
   * @param scatter how frames are divided into slots
   * @param copies writes the whole frame into its buffer every time; else a buffer that it has
   *     written is only updated
   * @param rubbish leaves buffers as they are
   * @param extra buffers that take turns with those in the slots; null for none
   * @param indirect where the frames are, for slots that only refer to them; null for buffers
   * @param dump where to print each slot; null for nowhere
   */
  record Ways(
      Scatter scatter,
      boolean copies,
      boolean rubbish,
      ExtraBuffers extra,
      IndirectFrames indirect,
      PrintStream dump) {
    static final Ways PLAIN = new Ways(Scatter.NONE, false, false, null, null, null);
  }

  private final NetmapPort port;
  private final UdpFrame frame;
  private final Pace pace;
  private final int burst;
  private final Tally tally;
  private final Ways ways;
  private final int endRing;
  private final int slotsMost;
  private final boolean several;
  private final boolean plain;
  private final boolean rubbish;
  private final boolean dumps;
  private final boolean copies;
  private final boolean varies;
  private final int[] written;
  private long bytes;

  /**
   * @param burst most packets put into one ring before the next sync
   */
  public Sender(NetmapPort port, UdpFrame frame, Pace pace, int burst, Tally tally) {
    this(port, port.endTxRing(), frame, pace, burst, Ways.PLAIN, tally);
  }

  /**
   * @param endRing the first TX ring that it leaves alone
   */
  Sender(
      NetmapPort port, int endRing, UdpFrame frame, Pace pace, int burst, Ways ways, Tally tally) {
    this.port = port;
    this.endRing = endRing;
    this.frame = frame;
    this.pace = pace;
    this.burst = burst;
    this.ways = ways;
    this.tally = tally;
    NetmapRing ring = port.tx(port.firstTxRing());
    this.slotsMost =
        ways.indirect() != null
            ? 1
            : ways.scatter().slots(frame.size(), ring.bufSize() - ring.offset(ring.head()));
    this.several = slotsMost > 1;
    this.rubbish = ways.rubbish();
    this.dumps = ways.dump() != null;
    this.plain = ways.extra() == null && ways.indirect() == null && !several;
    this.copies = ways.copies() || ways.extra() != null;
    this.varies = frame.varies();
    this.written = new int[port.endTxRing()];
    for (int r = endRing; r < port.endTxRing(); r++) {
      port.tx(r).cur(port.tx(r).tail()); // no reason to wake up
    }
  }

  /**
   * Sends {@code count} packets, 0 for no end, and waits until they have left: {@link Ports#drain}.
   */
  public void run(long count, Stop stop) {
    long left = count == 0 ? Long.MAX_VALUE : count;
    tally.begin();
    try {
      while (left > 0 && !stop.requested()) {
        int ready = port.poll(NetmapPort.POLLOUT, 100); // sends what is pending, waits for room
        Ports.check(port, ready);
        for (int r = port.firstTxRing(); r < endRing && left > 0; r++) {
          left -= fill(port.tx(r), (int) Math.min(left, burst));
        }
      }
      Ports.drain(port);
    } finally {
      for (int r = port.firstTxRing(); r < endRing; r++) {
        subtractUnsent(port.tx(r));
      }
      tally.end();
      if (ways.extra() != null) {
        ways.extra().giveBack();
      }
      if (ways.indirect() != null) {
        ways.indirect().close();
      }
    }
  }

  /** What is still in the ring has not been sent. */
  private void subtractUnsent(NetmapRing ring) {
    int packets = 0;
    long unsent = 0;
    for (int slot = ring.next(ring.tail()); slot != ring.head(); slot = ring.next(slot)) {
      packets += (ring.slotFlags(slot) & Netmap.NS_MOREFRAG) == 0 ? 1 : 0;
      unsent += ring.len(slot);
    }
    tally.subtract(packets, unsent);
  }

  /** Puts up to {@code most} packets into the ring. @return how many */
  private int fill(NetmapRing ring, int most) {
    int space = ring.space();
    int n = pace.grant(Math.min(most, space / slotsMost));
    if (n > 0) {
      int slot = ring.head();
      bytes = 0;
      for (int k = 1; k <= n; k++) {
        slot = put(ring, slot, k == n ? Netmap.NS_REPORT : 0);
      }
      ring.advance(slot);
      tally.add(n, bytes, ring.space());
    }
    if (ring.space() < slotsMost) {
      ring.cur(ring.tail()); // wake me when there is more room than now
    }
    return n;
  }

  /** One packet, over as many slots as it needs. @return the slot after it */
  private int put(NetmapRing ring, int slot, int flags) {
    int size = frame.nextSize();
    bytes += size;
    if (!plain) {
      if (several) {
        return putSeveral(ring, slot, size, flags);
      }
      if (ways.indirect() != null) {
        return refer(ring, slot, size, flags);
      }
      ways.extra().exchange(ring, slot);
    }
    int changed = ring.slotFlags(slot) & Netmap.NS_BUF_CHANGED;
    if (!rubbish) {
      // A buffer keeps what was sent, so one round fills them all, unless somebody exchanges it.
      boolean fresh = copies || changed != 0 || written[ring.ringId()] < ring.numSlots();
      if (fresh) {
        written[ring.ringId()]++;
        ring.putBytes(slot, 0, frame.template(), 0, frame.size()); // the next may be longer
      }
      if (fresh || varies) {
        frame.stamp(ring.buffer(slot), size);
      }
    }
    ring.lenAndFlags(slot, size, flags | changed);
    if (dumps) {
      HexDump.print(ways.dump(), ring, slot);
    }
    return ring.next(slot);
  }

  private int refer(NetmapRing ring, int slot, int size, int flags) {
    IndirectFrames frames = ways.indirect();
    boolean fresh = copies || written[ring.ringId()] < ring.numSlots();
    if (fresh) {
      written[ring.ringId()]++;
      frames.put(ring, slot, frame.template());
    }
    if (fresh || varies) {
      frame.stamp(frames.address(ring, slot), size);
    }
    frames.refer(ring, slot, size, flags);
    return ring.next(slot);
  }

  private int putSeveral(NetmapRing ring, int first, int size, int flags) {
    if (ways.extra() != null) {
      int slots = ways.scatter().slots(size, ring.bufSize() - ring.offset(first));
      for (int slot = first; slots > 0; slots--, slot = ring.next(slot)) {
        ways.extra().exchange(ring, slot);
      }
    }
    int end = frame.put(ring, first, size, ways.scatter(), flags);
    for (int slot = first; dumps && slot != end; slot = ring.next(slot)) {
      HexDump.print(ways.dump(), ring, slot);
    }
    return end;
  }
}
