package io.netmap4j.compat.host;

import static io.netmap4j.Netmap.NS_MOREFRAG;
import static io.netmap4j.layout.RingLayout.SLOT_FLAGS;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Kring;

/**
 * Gives packets to the stack straight from their buffers: one system call for each, no copy and no
 * object of ours. One for each ring that does so; used within that ring's sync.
 */
final class ToStack {
  /** Of {@link #write}: the slots are not a packet that can be sent. */
  static final long BAD = Long.MIN_VALUE;

  /** A packet of the largest MTU that the kernel allows, and a tagged Ethernet header. */
  static final int LONGEST = 65521 + 18;

  /** An Ethernet header: netmap drops less (netmap_grab_packets). */
  static final int SHORTEST = 14;

  /** Most slots of a packet. */
  static final int MAX_SEGMENTS = 40;

  private static final int IOVEC = 16;

  private final HostLink link;
  private final int queue;
  private final int longest;
  private final long iov = Mem.allocate(MAX_SEGMENTS * IOVEC);

  /** Frames that the stack took; that came while the interface was down; that it did not take. */
  long frames;

  long down;
  long lost;

  /**
   * @param longest frame, bytes
   */
  ToStack(HostLink link, int queue, int longest) {
    this.link = link;
    this.queue = queue;
    this.longest = longest;
  }

  /**
   * Slots of the packet that begins at {@code first}, or 0 when it does not end within {@code
   * most}.
   */
  static int slots(Kring k, int first, int most) {
    int slot = first;
    for (int n = 1; n <= most; n++) {
      if ((Mem.getShort(k.slot(slot) + SLOT_FLAGS) & NS_MOREFRAG) == 0) {
        return n;
      }
      slot = k.next(slot);
    }
    return 0;
  }

  /**
   * Gives a packet to the stack, and counts it unless it can be given later.
   *
   * @return not negative when it is done with, also if the stack has no use for it; {@link #BAD};
   *     −EAGAIN when it can be given later; −EBADFD when the interface is gone
   */
  long write(Kring k, int first, int count) {
    if (count > MAX_SEGMENTS) {
      return BAD;
    }
    Region region = k.region;
    int size = region.bufSize();
    long buffers = region.address() + region.bufOffset();
    int total = 0;
    for (int i = 0, slot = first; i < count; i++, slot = k.next(slot)) {
      long address = k.slot(slot);
      long s = Mem.getLong(address); // the user's memory is read once
      int index = (int) s;
      int length = (int) (s >>> 32) & 0xffff;
      int offset = k.offset(address);
      if (!region.isBuffer(index) || length == 0 || length > size - offset) {
        return BAD;
      }
      Mem.putLong(iov + i * IOVEC, buffers + (long) index * size + offset);
      Mem.putLong(iov + i * IOVEC + 8, length);
      total += length;
    }
    return total < SHORTEST || total > longest ? BAD : count(link.write(queue, iov, count));
  }

  private long count(long written) {
    if (written >= 0) {
      frames++;
    } else if (written == -Libc.EIO) {
      down++;
    } else if (written == -Libc.EAGAIN || written == -Libc.EBADFD) {
      return written;
    } else {
      lost++;
    }
    return 0;
  }

  /** When no sync comes any more. */
  void close() {
    Mem.free(iov);
  }
}
