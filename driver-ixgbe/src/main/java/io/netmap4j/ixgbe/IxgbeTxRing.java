package io.netmap4j.ixgbe;

import static io.netmap4j.Netmap.NS_BUF_CHANGED;
import static io.netmap4j.Netmap.NS_MOREFRAG;
import static io.netmap4j.Netmap.NS_REPORT;
import static io.netmap4j.layout.RingLayout.SLOT_FLAGS;
import static io.netmap4j.layout.RingLayout.SLOT_LEN;
import static io.netmap4j.layout.RingLayout.SLOT_SIZE;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.NicDevice;

/**
 * One TX queue: slots to advanced data descriptors (docs/82599.md 4.1), doorbell, completions.
 *
 * <p>A report (RS) is asked for every 32 descriptors, on NS_REPORT, and at the end of a sync that
 * leaves room for 32 or fewer, always at the end of a packet. A queue remembers where; one read of
 * DD there tells for everything before it. What was sent since the last report is done when the
 * card's head has reached its tail: a sync that has nothing to send and waits for no report reads
 * it (DPDK ixgbe_dev_tx_queue_stop, Linux ixgbe_get_tx_pending).
 *
 * <p>A packet that cannot be sent takes no descriptor: the slots after it move up ({@link
 * Kring#hwOfs}), so the card is told of good packets only, by data descriptors, and a packet's end
 * reports, as with Linux (next_to_watch) and DPDK. Descriptors in use are never more than slots in
 * use, so the ring cannot overrun.
 */
final class IxgbeTxRing extends IxgbeRing {
  /**
   * Linux pads a shorter frame to 17 bytes: 16 and less may hang the engine (docs/82599.md 11,
   * ixgbe_xmit_frame).
   */
  static final int MIN_PAYLEN = 17;

  /** An Ethernet header; DPDK refuses less. */
  static final int MIN_FRAME = 14;

  /** What a frame has beside an IP packet of MTU size: Ethernet header, VLAN tag. */
  private static final int FRAME_OVERHEAD = 18;

  /** Most descriptors of one packet, with WTHRESH 0 (DPDK's IXGBE_TX_MAX_SEG). */
  static final int MAX_SEGMENTS = 40;

  /** Descriptors: DPDK's tx_rs_thresh. A ring has twice as many at least (IxgbeLimits). */
  static final int REPORT_EVERY = 32;

  static final int NONE = -1;

  /** Of {@link #progress}. */
  static final long NO_WORK = -1;

  private static final int FLAGS_DONE = NS_REPORT | NS_BUF_CHANGED | NS_MOREFRAG;

  private static final long DTYP_DATA = 3L << 20;
  private static final long EOP = 1L << 24;
  private static final long IFCS = 1L << 25;
  private static final int RS = 1 << 27;
  private static final long DEXT = 1L << 29;
  private static final long FRAGMENT = DTYP_DATA | DEXT | IFCS;
  static final long WHOLE = FRAGMENT | EOP;
  private static final int PAYLEN_SHIFT = 32 + 14;

  /** Times the length of a packet in one buffer: DTALEN and PAYLEN. */
  static final long BOTH_LENGTHS = 1 | 1L << PAYLEN_SHIFT;

  private final int headRegister;
  private final long region;
  private final int maxFrame;
  final int maxLen;

  /** Descriptors with RS, oldest first: [reportHead, reportTail) of a power of two. */
  private final int[] reports;

  /** The last slot that each of them tells of: refused ones behind it are done when it is. */
  private final int[] reportedSlots;

  /** The packet that {@link #unusual} looks at, slot by slot. */
  private final long[] packet = new long[MAX_SEGMENTS];

  /** The offsets of its slots. */
  private final int[] starts = new int[MAX_SEGMENTS];

  private int reportHead;
  private int reportTail;

  /** Descriptors before hwCur that no report tells of. */
  private int unreported;

  /** The packet that {@link #unusual} looked at asks for a report. */
  private boolean reportWanted;

  IxgbeTxRing(
      NicDevice nic,
      int queue,
      Kring k,
      NicDevice.DmaBuffer ring,
      BufferAddresses buffers,
      int mtu) {
    super(nic, Reg.tdt(queue), k, ring, buffers);
    this.headRegister = Reg.tdh(queue);
    this.region = k.region.address();
    this.maxFrame = maxFrame(mtu);
    this.maxLen = Math.min(bufSize, maxFrame);
    this.reports = new int[Integer.highestOneBit(numSlots) << 1];
    this.reportedSlots = new int[reports.length];
  }

  /** Without FCS. */
  static int maxFrame(int mtu) {
    return mtu + FRAME_OVERHEAD;
  }

  /** As netmap_reset: what was submitted counts as sent, slot rHead becomes descriptor 0. */
  void reset(Kring k) {
    k.hwCur = k.rHead;
    k.hwTail = before(k.rHead);
    k.hwOfs = k.rHead;
    reportHead = reportTail = unreported = 0;
    clearDescriptors();
  }

  int sync(Kring k, int flags) {
    boolean sends = k.hwCur != k.rHead;
    int status = sends ? send(k) : 0;
    if ((flags & Adapter.FORCE_RECLAIM) != 0 || k.rCur == k.hwTail) {
      reclaim(k);
      if (!sends && reportHead == reportTail && k.hwTail != before(k.hwCur)) {
        reclaimUnreported(k);
      }
    }
    return status;
  }

  /** A register read: only where there is nothing else to do. */
  private void reclaimUnreported(Kring k) {
    if (nic.read32(headRegister) == k.distance(k.hwOfs, k.hwCur)) {
      k.hwTail = before(k.hwCur);
    }
  }

  /** The card has packets that it will not report, so no interrupt tells when they have left. */
  boolean leavesUnreported(Kring k) {
    return k.hwTail != before(k.hwCur) && unreported > 0;
  }

  /** So little room is left behind {@code slot} that what is sent must come back soon. */
  boolean scarce(Kring k, int slot) {
    return k.distance(slot, k.hwTail) <= REPORT_EVERY;
  }

  /** Descriptors until a report is due, 1 to {@link #REPORT_EVERY}. */
  int untilReport() {
    return REPORT_EVERY - unreported;
  }

  /**
   * As many more descriptors have been filled.
   *
   * @return a report is due
   */
  boolean filled(int descriptors) {
    unreported += descriptors;
    return unreported >= REPORT_EVERY;
  }

  /**
   * Where the card is: its head, and the oldest report that it owes. The watchdog's question, from
   * another thread. A report that came and that no sync has looked at yet is not owed.
   *
   * @return NO_WORK when it has nothing to send and owes nothing
   */
  long progress() {
    int tail = nic.read32(tailRegister);
    int head = nic.read32(headRegister);
    int oldest = reportHead;
    boolean owes = oldest != reportTail && !reported(reports[oldest]);
    return owes || head != tail ? (long) oldest << 32 | head : NO_WORK;
  }

  /**
   * Fills descriptors for [hwCur, rHead) in straight runs, then rings the doorbell once.
   *
   * @return 0; EINVAL when a packet was refused (the others are sent) or the last one has no end
   */
  int send(Kring k) {
    if ((flags(before(k.rHead)) & NS_MOREFRAG) != 0) {
      return Libc.EINVAL; // as netmap: nothing of this batch goes out until the packet has an end
    }
    int slot = k.hwCur;
    int desc = k.distance(k.hwOfs, slot);
    int todo = k.distance(slot, k.rHead);
    int status = 0;
    int end = NONE; // the descriptor that ends the last packet of this sync since the last report
    while (todo > 0) {
      int run = Math.min(Math.min(todo, untilReport()), numSlots - Math.max(slot, desc));
      int done = k.offsetMask == 0 ? fill(slot, desc, run) : fillAtOffsets(k, slot, desc, run);
      int descriptors = done;
      boolean report = false;
      if (done < run) {
        int length = segments(k, slot + done, todo - done);
        if (length == 0) { // the user took the end away meanwhile: what is before it goes out
          todo = done;
          status = Libc.EINVAL;
        } else if (unusual(k, slot + done, length)) {
          descriptors += length;
          report = reportWanted;
        } else {
          status = Libc.EINVAL;
        }
        done += length;
      }
      slot = wrap(slot + done);
      desc = wrap(desc + descriptors);
      todo -= done;
      if (descriptors > 0) {
        end = before(desc);
      }
      if (filled(descriptors) || report) {
        report(k, end, slot);
        end = NONE;
      }
    }
    if (slot != k.hwCur) {
      if (end == NONE || scarce(k, k.rCur)) {
        report(k, end, slot);
      }
      k.hwCur = slot;
      doorbell(desc);
    }
    return status;
  }

  /**
   * The hot loop: whole packets with no flag but NS_BUF_CHANGED. Ends at the first slot that is
   * anything else.
   *
   * @return slots done
   */
  private int fill(int slot, int desc, int run) {
    final long from = slots + (long) slot * SLOT_SIZE;
    final long to = descs + (long) desc * DESC_SIZE;
    final long table = addresses;
    final long usable = bufTotal;
    final long most = maxLen;
    final int end = run * SLOT_SIZE;
    for (int o = 0; o < end; o += SLOT_SIZE) {
      long index = Mem.getUnsignedInt(from + o);
      int lenFlags = Mem.getInt(from + o + SLOT_LEN);
      long len =
          lenFlags & ~(NS_BUF_CHANGED << 16) & 0xffffffffL; // another flag is a length > most
      if (len < MIN_PAYLEN || len > most || index >= usable) {
        return o / SLOT_SIZE;
      }
      long address = Mem.getLong(table + (index << 3));
      if (address == 0) {
        return o / SLOT_SIZE;
      }
      Mem.putLong(to + o, address);
      Mem.putLong(to + o + 8, WHOLE + len * BOTH_LENGTHS);
      if (lenFlags != (int) len) {
        Mem.putInt(from + o + SLOT_LEN, (int) len);
      }
    }
    return run;
  }

  /** As {@link #fill}, on a ring with offsets. */
  private int fillAtOffsets(Kring k, int slot, int desc, int run) {
    final long from = slots + (long) slot * SLOT_SIZE;
    final long to = descs + (long) desc * DESC_SIZE;
    for (int o = 0; o < run * SLOT_SIZE; o += SLOT_SIZE) {
      long s = Mem.getLong(from + o);
      int len = (int) (s >>> 32) & ~(NS_BUF_CHANGED << 16);
      int start = k.offset(from + o);
      long address = address((int) s);
      if (Integer.compareUnsigned(len - MIN_PAYLEN, maxFrame - MIN_PAYLEN) > 0
          || len > bufSize - start
          || address == 0) {
        return o / SLOT_SIZE;
      }
      describe(to + o, address + start, WHOLE | len * BOTH_LENGTHS);
      if (s >>> 48 != 0) {
        Mem.putShort(from + o + SLOT_FLAGS, (short) 0);
      }
    }
    return run;
  }

  /**
   * Slots of the packet that begins at {@code slot}, or 0 when it does not end within {@code todo}.
   */
  private int segments(Kring k, int slot, int todo) {
    for (int n = 1; n <= todo; n++) {
      if ((flags(slot) & NS_MOREFRAG) == 0) {
        return n;
      }
      slot = k.next(slot);
    }
    return 0;
  }

  /**
   * A packet of several slots, one with NS_REPORT, a short one, or one that cannot be sent as it
   * is.
   *
   * @return false when it is refused: it has no descriptor
   */
  private boolean unusual(Kring k, int first, int count) {
    boolean good = count <= MAX_SEGMENTS;
    int total = 0;
    reportWanted = false;
    for (int i = 0, slot = first; i < count && good; i++, slot = k.next(slot)) {
      long s = Mem.getLong(slots + (long) slot * SLOT_SIZE);
      int start = k.offset(slots + (long) slot * SLOT_SIZE);
      packet[i] = s; // the user's memory is read once
      starts[i] = start;
      good = address((int) s) != 0 && len(s) > 0 && len(s) <= bufSize - start;
      total += len(s);
      reportWanted |= (s >>> 48 & NS_REPORT) != 0;
    }
    good &= total >= MIN_FRAME && total <= maxFrame;
    if (good && total < MIN_PAYLEN) {
      long end = packet[count - 1];
      int behind = starts[count - 1] + len(end);
      int padding = MIN_PAYLEN - total;
      if (behind + padding > bufSize) { // at the end of its buffer: there is no room for it
        Mem.copy(
            region + bufOffset((int) end) + starts[count - 1],
            region + bufOffset((int) end) + bufSize - len(end) - padding,
            len(end));
        starts[count - 1] = bufSize - len(end) - padding;
        behind = bufSize - padding;
      }
      Mem.set(region + bufOffset((int) end) + behind, padding, (byte) 0);
      packet[count - 1] += (long) padding << 32;
      total = MIN_PAYLEN;
    }
    for (int i = 0, slot = first; i < count && good; i++, slot = k.next(slot)) {
      long desc = descs + (long) k.distance(k.hwOfs, slot) * DESC_SIZE;
      long payLen = i == 0 ? (long) total << PAYLEN_SHIFT : 0;
      long end = i == count - 1 ? EOP : 0;
      describe(
          desc, address((int) packet[i]) + starts[i], FRAGMENT | end | len(packet[i]) | payLen);
    }
    int last = wrap(first + count - 1);
    long flags = slots + (long) last * SLOT_SIZE + SLOT_FLAGS;
    Mem.putShort(flags, (short) (Mem.getShort(flags) & ~FLAGS_DONE));
    if (good) {
      return true;
    }
    k.badSlots += count;
    k.unsent++;
    k.hwOfs = wrap(k.hwOfs + count);
    reportWanted = false;
    return false;
  }

  private static void describe(long desc, long address, long command) {
    Mem.putLong(desc, address);
    Mem.putLong(desc + 8, command);
  }

  /**
   * Asks for a report of the slots before {@code next}.
   *
   * @param end the descriptor that reports; NONE when all slots that can still ask for one were
   *     refused: they are done when what is before them is
   */
  void report(Kring k, int end, int next) {
    int slot = before(next);
    if (end != NONE) {
      unreported = 0;
      long command = descs + (long) end * DESC_SIZE + 8;
      Mem.putInt(command, Mem.getInt(command) | RS);
      reports[reportTail] = end;
      reportedSlots[reportTail] = slot;
      reportTail = reportTail + 1 & reports.length - 1;
    } else if (unreported > 0) {
      return; // the next report tells of them, or the card's head
    } else if (reportHead != reportTail) {
      reportedSlots[reportTail - 1 & reports.length - 1] = slot;
    } else {
      k.hwTail = slot;
    }
  }

  /** Moves hwTail past every packet whose report has come back. */
  void reclaim(Kring k) {
    while (reportHead != reportTail && reported(reports[reportHead])) {
      k.hwTail = reportedSlots[reportHead];
      reportHead = reportHead + 1 & reports.length - 1;
    }
  }

  private boolean reported(int desc) {
    return (Mem.getInt(descs + (long) desc * DESC_SIZE + 12) & DD) != 0;
  }

  private int before(int slot) {
    return slot == 0 ? numSlots - 1 : slot - 1;
  }

  private static int len(long slot) {
    return (int) (slot >>> 32) & 0xffff;
  }

  private int flags(int slot) {
    return Mem.getShort(slots + (long) slot * SLOT_SIZE + SLOT_FLAGS) & 0xffff;
  }
}
