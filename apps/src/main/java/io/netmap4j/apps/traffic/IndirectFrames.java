package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.compat.vale.IndirectMemory;
import java.nio.ByteBuffer;

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
   */
  IndirectFrames(NetmapPort port, int size) {
    this.firstRing = port.firstTxRing();
    this.slots = port.tx(firstRing).numSlots();
    this.stride = (size + ALIGN - 1) & -ALIGN;
    int rings = port.endTxRing() - firstRing;
    this.bytes = ByteBuffer.allocateDirect(Math.multiplyExact(rings * slots, stride));
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
