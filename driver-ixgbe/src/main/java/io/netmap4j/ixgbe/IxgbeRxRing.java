package io.netmap4j.ixgbe;

import static io.netmap4j.Netmap.NS_MOREFRAG;
import static io.netmap4j.layout.RingLayout.SLOT_LEN;
import static io.netmap4j.layout.RingLayout.SLOT_SIZE;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.Order;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.NicDevice;

/**
 * One RX queue: takes written-back descriptors into slots, gives released slots back (docs/82599.md
 * 4.4, 4.5, 4.7).
 *
 * <p>What the device writes is checked before use: a slot with an impossible length comes up with
 * len 0 and is counted.
 */
final class IxgbeRxRing extends IxgbeRing {
  private static final int KILO = 1024;

  /** Largest BSIZEPACKET. */
  private static final int MAX_BUFFER = 16 * KILO;

  /** Largest frame that the MAC accepts (DPDK: 15872), in case a device never says EOP. */
  private static final int MAX_FRAME = 15872;

  static final int EOP = 1 << 1;

  private static final int ANNOUNCE_EVERY = 32;

  /**
   * CE, LE, PE, OSE, RXE: the frame is damaged. Not the checksum errors, which are the user's to
   * judge.
   */
  private static final int DAMAGED = 1 << 24 | 1 << 25 | 1 << 27 | 1 << 28 | 1 << 29;

  static final int JUDGED = DD | EOP | DAMAGED;

  /** What the device may write into a buffer. */
  private int bufferBytes;

  /** Descriptors before hwCur that the card has not been told of. */
  private int unannounced;

  private int maxSegments;
  private long badWriteBacks;

  IxgbeRxRing(
      NicDevice nic, int queue, Kring k, NicDevice.DmaBuffer ring, BufferAddresses buffers) {
    super(nic, Reg.rdt(queue), k, ring, buffers);
  }

  /** What BSIZEPACKET can use of a buffer: whole kilobytes, 16 at most. */
  int bufferBytes() {
    return bufferBytes;
  }

  /**
   * As netmap_reset: slot hwTail becomes descriptor 0; what the user holds stays; the rest is
   * armed.
   *
   * @return the tail to write once the queue is enabled
   */
  int reset(Kring k) {
    bufferBytes = Math.min(k.rxBytes / KILO * KILO, MAX_BUFFER);
    maxSegments = MAX_FRAME / bufferBytes + 1;
    k.hwOfs = k.hwTail;
    unannounced = 0;
    int armed = numSlots - 1 - k.distance(k.hwCur, k.hwTail);
    clearDescriptors();
    // One more than the tail covers: the next release hands it over without writing it again.
    for (int desc = 0, slot = k.hwTail; desc <= armed; desc++, slot = k.next(slot)) {
      long address = slots + (long) slot * SLOT_SIZE;
      if (arm(k, slot, desc, 1) == 0) { // somebody wrote into a slot that is the driver's
        k.badSlots++;
        int fresh = k.region.allocateBuffers(1)[0];
        do {
          Mem.putInt(address, fresh);
        } while (arm(k, slot, desc, 1) == 0);
      }
    }
    return armed;
  }

  int sync(Kring k) {
    if (arrived(k.distance(k.hwOfs, k.hwTail))) {
      receive(k);
    }
    if (k.hwCur != k.rHead) {
      return release(k);
    }
    if (unannounced != 0) { // what has come may have left the card with little
      announce(k, 0);
    }
    return 0;
  }

  long badWriteBacks() {
    return badWriteBacks;
  }

  /** Takes in what has arrived, to a packet boundary. */
  void receive(Kring k) {
    int left = numSlots - 1 - k.distance(k.hwCur, k.hwTail); // beyond are stale descriptors
    int slot = k.hwTail;
    while (left > 0) {
      int desc = k.distance(k.hwOfs, slot);
      int run = Math.min(left, numSlots - Math.max(slot, desc));
      int done = take(slot, desc, run);
      if (done < run) {
        int length = arrived(desc + done) ? unusual(k, wrap(slot + done), left - done) : 0;
        if (length == 0) {
          slot = wrap(slot + done);
          break;
        }
        done += length;
      }
      slot = wrap(slot + done);
      left -= done;
    }
    if (slot != k.hwTail) {
      Order.loadedBeforePayload(); // payload is read after the DD that announces it
      k.hwTail = slot;
    }
  }

  /** The card has written the descriptor back. */
  boolean arrived(int desc) {
    return (Mem.getInt(descs + (long) desc * DESC_SIZE + 8) & DD) != 0;
  }

  /**
   * The hot loop: packets of one descriptor. Ends at the first that is not there yet, or is
   * anything else.
   *
   * @return slots done
   */
  private int take(int slot, int desc, int run) {
    final long from = descs + (long) desc * DESC_SIZE + 8;
    final long to = slots + (long) slot * SLOT_SIZE + SLOT_LEN;
    final int most = bufferBytes;
    final int end = run * SLOT_SIZE;
    for (int o = 0; o < end; o += SLOT_SIZE) {
      long d = Mem.getLong(from + o);
      int len = (int) (d >>> 32) & 0xffff;
      if (((int) d & JUDGED) != (DD | EOP) || len == 0 || len > most) {
        return o / SLOT_SIZE;
      }
      Mem.putInt(to + o, len); // and flags 0
    }
    return run;
  }

  /**
   * A packet of several descriptors, or one with an impossible length or an error.
   *
   * @return slots of the packet, or 0 when it is not whole yet
   */
  private int unusual(Kring k, int first, int left) {
    int length = 0;
    boolean good = true;
    boolean ended = false;
    for (int slot = first; !ended; slot = k.next(slot)) {
      long d =
          length < left ? Mem.getLong(descs + (long) k.distance(k.hwOfs, slot) * DESC_SIZE + 8) : 0;
      if (((int) d & DD) == 0) {
        return 0;
      }
      int len = (int) (d >>> 32) & 0xffff;
      boolean last = ((int) d & EOP) != 0;
      good &= len > 0 && len <= bufferBytes && !(last && ((int) d & DAMAGED) != 0);
      length++;
      ended = last || length == maxSegments;
      good &= !ended || last;
    }
    if (!good) {
      badWriteBacks++;
    }
    for (int i = 0, slot = first; i < length; i++, slot = k.next(slot)) {
      int len =
          (int) (Mem.getLong(descs + (long) k.distance(k.hwOfs, slot) * DESC_SIZE + 8) >>> 32);
      int flags = i < length - 1 ? NS_MOREFRAG << 16 : 0;
      Mem.putInt(
          slots + (long) slot * SLOT_SIZE + SLOT_LEN,
          good ? Math.min(len & 0xffff, bufferBytes) | flags : 0);
    }
    return length;
  }

  /**
   * Gives [hwCur, rHead) back and rings the doorbell once. Stops at a slot with an invalid buffer
   * index.
   */
  int release(Kring k) {
    int slot = k.hwCur;
    int desc = k.distance(k.hwOfs, slot);
    int released = k.distance(slot, k.rHead);
    int todo = released;
    int status = 0;
    while (todo > 0) {
      int run = Math.min(todo, numSlots - Math.max(slot, desc));
      int done = arm(k, slot, desc, run);
      slot = wrap(slot + done);
      desc = wrap(desc + done);
      todo -= done;
      if (done < run) {
        k.badSlots++;
        status = Libc.EINVAL;
        break;
      }
    }
    if (todo != released) {
      k.hwCur = slot;
      announce(k, released - todo);
    }
    return status;
  }

  /**
   * Tells the card of the descriptors before hwCur: of 32 at once (DPDK's rx_free_thresh), or of as
   * many as it has left.
   *
   * @param armed how many of them are new
   */
  void announce(Kring k, int armed) {
    int more = unannounced + armed;
    if (more >= ANNOUNCE_EVERY || more + more + k.distance(k.hwCur, k.hwTail) >= numSlots - 1) {
      more = 0;
      int desc = k.distance(k.hwOfs, k.hwCur);
      doorbell(desc == 0 ? numSlots - 1 : desc - 1); // RDT = RDH would mean that the card has none
    }
    unannounced = more;
  }

  private int arm(Kring k, int slot, int desc, int run) {
    return k.offsetMask == 0 ? give(slot, desc, run) : giveAtOffsets(k, slot, desc, run);
  }

  /**
   * The hot loop: arms descriptors with the slots' buffers. Ends at the first invalid buffer index.
   * Flags stay, NS_BUF_CHANGED too, until the slot is received into.
   *
   * @return slots done
   */
  private int give(int slot, int desc, int run) {
    final long from = slots + (long) slot * SLOT_SIZE;
    final long to = descs + (long) desc * DESC_SIZE;
    final long table = addresses;
    final long usable = bufTotal;
    final int end = run * SLOT_SIZE;
    for (int o = 0; o < end; o += SLOT_SIZE) {
      long index = Mem.getUnsignedInt(from + o);
      if (index >= usable) {
        return o / SLOT_SIZE;
      }
      long address = Mem.getLong(table + (index << 3));
      if (address == 0) {
        return o / SLOT_SIZE;
      }
      Mem.putLong(to + o, address);
      Mem.putLong(to + o + 8, 0);
    }
    return run;
  }

  /** As {@link #give}, on a ring with offsets. */
  private int giveAtOffsets(Kring k, int slot, int desc, int run) {
    final long from = slots + (long) slot * SLOT_SIZE;
    final long to = descs + (long) desc * DESC_SIZE;
    for (int o = 0; o < run * SLOT_SIZE; o += SLOT_SIZE) {
      long address = address(Mem.getInt(from + o));
      if (address == 0) {
        return o / SLOT_SIZE;
      }
      Mem.putLong(to + o, address + k.offset(from + o));
      Mem.putLong(to + o + 8, 0);
    }
    return run;
  }
}
