package io.netmap4j.bench.loops;

import static io.netmap4j.Netmap.NS_BUF_CHANGED;
import static io.netmap4j.Netmap.NS_FORWARD;
import static io.netmap4j.Netmap.NS_MOREFRAG;
import static io.netmap4j.Netmap.NS_REPORT;

import io.netmap4j.linux.Mem;

/** Slots and descriptors of a ring, as a pass over it finds them. */
final class Image implements AutoCloseable {
  static final int ENTRY = 16;
  static final int FIRST_BUFFER = 2;
  static final int BYTES = 60;
  private static final long DD = 1;
  private static final long EOP = 2;

  /** Every so manieth slot is unusual; a prime, so that it is anywhere in a batch. */
  private static final int RARE = 61;

  private static final int RARE_FRAGMENTS = 97;

  final long slots;
  final long descriptors;
  final long bytes;

  private Image(int numSlots) {
    bytes = (long) numSlots * ENTRY;
    slots = Mem.allocate(bytes);
    descriptors = Mem.allocate(bytes);
  }

  /**
   * Packets of 60 bytes, NS_BUF_CHANGED on every slot.
   *
   * @param rare some of the slots are unusual, too: for TX with NS_REPORT (1 of 61) or a packet of
   *     two slots (1 of 97), for take the same packets, for give without NS_BUF_CHANGED or with
   *     another flag
   */
  static Image of(Loop loop, int numSlots, int batch, boolean rare) {
    Image image = new Image(numSlots);
    for (int i = 0; i < numSlots; i++) {
      boolean ends = i % batch == batch - 1; // a packet does not go over a batch's end
      boolean fragment = rare && !ends && i % RARE_FRAGMENTS == RARE_FRAGMENTS - 1;
      boolean other = rare && i % RARE == RARE - 1;
      long flags = NS_BUF_CHANGED;
      if (loop == Loop.TX) {
        flags |= (fragment ? NS_MOREFRAG : 0) | (other ? NS_REPORT : 0);
      } else if (loop == Loop.GIVE && other) {
        flags = i % 2 == 0 ? 0 : NS_FORWARD;
      }
      Mem.putLong(
          image.slots + (long) i * ENTRY, FIRST_BUFFER + i | (long) BYTES << 32 | flags << 48);
      if (loop == Loop.TAKE) {
        Mem.putLong(
            image.descriptors + (long) i * ENTRY + 8,
            DD | (fragment ? 0 : EOP) | (long) BYTES << 32);
      }
    }
    return image;
  }

  @Override
  public void close() {
    Mem.free(slots);
    Mem.free(descriptors);
  }
}
