package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import io.netmap4j.compat.vale.IndirectMemory;
import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * Memory outside a port's region for one frame of each of its TX slots, sent with NS_INDIRECT: what
 * pkt-gen -I does with VALE ports. For one thread.
 */
final class IndirectFrames implements AutoCloseable {
  private static final int ALIGN = 64;

  private final int firstRing;
  private final int slots;
  private final int stride;
  private final ByteBuffer bytes;
  private final IndirectMemory memory;
  private final long address;

  /**
   * Allocates it.
   *
   * @param size bytes of the longest frame
   * @throws NetmapException EINVAL: together they are more than one buffer can hold
   */
  IndirectFrames(NetmapPort port, int size) {
    this.firstRing = port.firstTxRing();
    this.slots = port.tx(firstRing).numSlots();
    this.stride = (size + ALIGN - 1) & -ALIGN;
    int rings = port.endTxRing() - firstRing;
    long all = (long) rings * slots * stride;
    if (all > Integer.MAX_VALUE) {
      throw new NetmapException(
          Errno.EINVAL,
          String.format(
              Locale.ROOT,
              "-I: frames of %d bytes for %d rings of %d slots take %.1f GiB, and 2 are the most:"
                  + " give less with -l or -C",
              size,
              rings,
              slots,
              all / (double) (1 << 30)));
    }
    this.bytes = ByteBuffer.allocateDirect((int) all);
    this.memory = IndirectMemory.of(bytes);
    this.address = memory.address();
  }

  /** Copies a frame to where that of a slot is. */
  void put(NetmapRing ring, int slot, byte[] frame) {
    bytes.put(index(ring, slot) * stride, frame);
  }

  /** Where the frame of a slot is. */
  long address(NetmapRing ring, int slot) {
    return address + (long) index(ring, slot) * stride;
  }

  /** Makes the slot one with NS_INDIRECT. */
  void refer(NetmapRing ring, int slot, int size, int flags) {
    ring.ptr(slot, address(ring, slot));
    ring.lenAndFlags(slot, size, flags | Netmap.NS_INDIRECT);
  }

  private int index(NetmapRing ring, int slot) {
    return (ring.ringId() - firstRing) * slots + slot;
  }

  /** When no slot refers to it any more. */
  @Override
  public void close() {
    memory.close();
  }
}
