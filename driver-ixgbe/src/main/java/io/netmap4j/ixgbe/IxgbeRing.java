package io.netmap4j.ixgbe;

import io.netmap4j.linux.Mem;
import io.netmap4j.linux.Order;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.NicDevice;

/**
 * What a TX and an RX queue have in common: where the slots, the descriptors and the buffers are,
 * and the tail register. Everything is final, so that the loops of both read plain fields and call
 * nothing virtual.
 */
abstract class IxgbeRing {
  /** Bytes of a descriptor, legacy or advanced, of both directions. */
  static final int DESC_SIZE = 16;

  /** Descriptor done: the card has written it back. */
  static final int DD = 1;

  final int numSlots;
  final long descs;
  final long slots;

  /** {@link BufferAddresses#table}. */
  final long addresses;

  final long bufOffset;
  final int bufSize;
  final int bufTotal;
  final NicDevice nic;
  final int tailRegister;

  /** Where the tail register is mapped; 0 when a write needs a call. */
  private final long tailAddress;

  IxgbeRing(
      NicDevice nic, int tailRegister, Kring k, NicDevice.DmaBuffer ring, BufferAddresses buffers) {
    Region region = k.region;
    this.nic = nic;
    this.tailRegister = tailRegister;
    this.tailAddress = nic.mappedRegister(tailRegister);
    this.numSlots = k.numSlots;
    this.descs = ring.address();
    this.slots = k.slots;
    this.addresses = buffers.table;
    this.bufOffset = region.bufOffset();
    this.bufSize = region.bufSize();
    this.bufTotal = region.bufTotal();
  }

  final void clearDescriptors() {
    Mem.set(descs, (long) numSlots * DESC_SIZE, (byte) 0);
  }

  /** Everything stored before is visible to the device before it sees the new tail. */
  final void doorbell(int desc) {
    if (tailAddress != 0) {
      Order.writeRegister(tailAddress, desc);
    } else {
      nic.write32(tailRegister, desc);
    }
  }

  /** The device's address of a buffer; 0 for an index that the device must not get. */
  final long address(int index) {
    return Integer.compareUnsigned(index, bufTotal) < 0
        ? Mem.getLong(addresses + ((long) index << 3))
        : 0;
  }

  /** Where a buffer is in the region. */
  final long bufOffset(int index) {
    return bufOffset + (long) index * bufSize;
  }

  final int wrap(int slot) {
    return slot >= numSlots ? slot - numSlots : slot;
  }
}
