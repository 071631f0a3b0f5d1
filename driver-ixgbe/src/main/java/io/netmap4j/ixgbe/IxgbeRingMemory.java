package io.netmap4j.ixgbe;

import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.DmaMapping;
import io.netmap4j.spi.NicDevice;
import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Memory that the card reaches: the mapping of the region that slots and buffers are in, and the
 * descriptor rings, which no program sees. Taken before the card is started, given back in reverse
 * order.
 */
final class IxgbeRingMemory {
  private static final Logger LOG = LoggerFactory.getLogger(IxgbeRingMemory.class);

  final BufferAddresses buffers;
  final NicDevice.DmaBuffer[] txDescs;
  final NicDevice.DmaBuffer[] rxDescs;
  private final NicDevice nic;
  private final Deque<Runnable> undo = new ArrayDeque<>();

  IxgbeRingMemory(NicDevice nic, Region region, NicOptions options) {
    this.nic = nic;
    this.txDescs = new NicDevice.DmaBuffer[options.txRings()];
    this.rxDescs = new NicDevice.DmaBuffer[options.rxRings()];
    try {
      DmaMapping mapping = nic.domain().map(region);
      undo.push(mapping::close);
      this.buffers = new BufferAddresses(region, mapping);
      undo.push(buffers::close);
      for (int q = 0; q < txDescs.length; q++) {
        txDescs[q] = allocate(options.txSlots());
      }
      for (int q = 0; q < rxDescs.length; q++) {
        rxDescs[q] = allocate(options.rxSlots());
      }
    } catch (RuntimeException e) {
      throw closeAfter(e);
    }
  }

  private NicDevice.DmaBuffer allocate(int descriptors) {
    NicDevice.DmaBuffer buffer = nic.allocateDma((long) descriptors * IxgbeRing.DESC_SIZE);
    undo.push(() -> nic.freeDma(buffer));
    return buffer;
  }

  /** Closes because opening failed with {@code e}, and returns it. */
  RuntimeException closeAfter(RuntimeException e) {
    try {
      close();
    } catch (NetmapException also) {
      e.addSuppressed(also);
    }
    return e;
  }

  /**
   * Gives everything back. The card must have stopped.
   *
   * @throws NetmapException at the end, when a mapping or a ring may still be within the device's
   *     reach
   */
  void close() {
    RuntimeException first = null;
    while (!undo.isEmpty()) {
      try {
        undo.pop().run();
      } catch (NetmapException | LinuxException e) {
        LOG.debug("{}: {}", nic.name(), IxgbeAdapter.message(nic, e)); // the first is thrown
        first = first == null ? e : first;
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
