package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.frames.FrameHeaders;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * pkt-gen's rxseq: the numbers in the frames of each ring of a port, which should come one after
 * the other. For one thread; the totals when it has ended.
 */
final class SequenceCheck {
  private static final long SECOND = 1_000_000_000;
  private static final int LINES_A_SECOND = 2;
  private static final int TYPE = 12;
  private static final int QINQ = 0x88a8;
  private static final int UDP_BYTES = 8;
  private static final int NUMBER_BYTES = 4;

  private final NetmapPort port;
  private final int lead;
  private final PrintStream out;
  private final Sequence[] rings;

  /** The ring's next slot is a packet's first. */
  private final boolean[] between;

  private long without;
  private int lines;
  private long since = System.nanoTime() - SECOND;

  /**
   * @param lead bytes before the Ethernet header
   * @param out where to say what is not in order, two lines a second at most
   */
  SequenceCheck(NetmapPort port, int lead, PrintStream out) {
    this.port = port;
    this.lead = lead;
    this.out = out;
    this.rings = new Sequence[port.endRxRing()];
    this.between = new boolean[port.endRxRing()];
    for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
      rings[r] = new Sequence();
      between[r] = true;
    }
  }

  /** The next slot of a ring, by number. */
  void slot(int r, NetmapRing ring, int slot) {
    boolean first = between[r];
    between[r] = (ring.slotFlags(slot) & Netmap.NS_MOREFRAG) == 0;
    if (!first) {
      return;
    }
    int at = payload(ring, slot);
    if (at < 0 || at + NUMBER_BYTES > ring.len(slot)) {
      without++;
      return;
    }
    int number = ring.getInt(slot, at);
    Sequence.Place place = rings[r].next(number);
    if (place != Sequence.Place.NEXT && mayPrint()) {
      out.printf(
          Locale.ROOT,
          "rxseq_body ring %d: Sequence %s: exp %s found %s%n",
          r,
          place == Sequence.Place.GAP ? "GAP" : place.name().replace('_', ' '),
          Integer.toUnsignedString(rings[r].lastExpected()),
          Integer.toUnsignedString(number));
    }
  }

  /** Where the UDP payload starts; −1 if this is no UDP of IPv4 or IPv6 that begins here. */
  private int payload(NetmapRing ring, int slot) {
    int end = Math.min(ring.len(slot), ring.bufSize() - ring.offset(slot));
    int at = lead + TYPE;
    int type = at + 2 <= end ? ring.getUnsignedShort(slot, at) : 0;
    if ((type == FrameHeaders.VLAN || type == QINQ) && at + 6 <= end) {
      at += 4;
      type = ring.getUnsignedShort(slot, at);
    }
    at += 2;
    if (type == FrameHeaders.IPV4 && at + 20 <= end) {
      int header = (ring.getUnsignedByte(slot, at) & 0xf) * 4;
      boolean udp = ring.getUnsignedByte(slot, at + 9) == FrameHeaders.UDP;
      return udp ? at + header + UDP_BYTES : -1;
    }
    if (type == FrameHeaders.IPV6 && at + 40 <= end) {
      boolean udp = ring.getUnsignedByte(slot, at + 6) == FrameHeaders.UDP;
      return udp ? at + 40 + UDP_BYTES : -1;
    }
    return -1;
  }

  private boolean mayPrint() {
    long now = System.nanoTime();
    if (now - since >= SECOND) {
      since = now;
      lines = 0;
    }
    return lines++ < LINES_A_SECOND;
  }

  /** A line for each ring that has received numbers, and one for frames that had none. */
  void printTotals(PrintStream to) {
    for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
      Sequence s = rings[r];
      if (s.inOrder + s.gaps + s.outOfOrder + s.duplicates > 0) {
        to.printf(
            Locale.ROOT,
            "%s ring %d: %d in order, %d gaps, %d missing, %d out of order, %d duplicates%n",
            port.name(),
            r,
            s.inOrder,
            s.gaps,
            s.missing,
            s.outOfOrder,
            s.duplicates);
      }
    }
    if (without > 0) {
      to.printf(Locale.ROOT, "%s: %d packets without a number%n", port.name(), without);
    }
  }

  /** As {@link #printTotals}, for JSON, by ring. */
  List<Map<String, Object>> figures() {
    List<Map<String, Object>> all = new ArrayList<>();
    for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
      Sequence s = rings[r];
      Map<String, Object> ring = new LinkedHashMap<>();
      ring.put("ring", r);
      ring.put("in_order", s.inOrder);
      ring.put("gaps", s.gaps);
      ring.put("missing", s.missing);
      ring.put("out_of_order", s.outOfOrder);
      ring.put("duplicates", s.duplicates);
      all.add(ring);
    }
    return all;
  }

  /** Packets that had no number. */
  long without() {
    return without;
  }

  /** Every packet had a number, and each ring's came one after the other. */
  boolean allInOrder() {
    for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
      if (rings[r].gaps + rings[r].outOfOrder + rings[r].duplicates > 0) {
        return false;
      }
    }
    return without == 0;
  }
}
