package io.netmap4j;

import io.netmap4j.common.SlotVisitor;

/**
 * Looks at each packet that {@link NetmapForward} is about to forward, may change its bytes, and
 * decides what becomes of it. Called by the thread that forwards, once for each packet, in the
 * order of the ring.
 *
 * <p>Meanwhile both rings are held: a visitor must not sync, forward from or to them, nor close
 * their ports. An exception leaves the packet, and those behind it, in the RX ring; what was
 * forwarded before is sent, and {@code forward} throws it. One class of visitors, or two, in a
 * program are inlined into the loop; more are called.
 */
@FunctionalInterface
public interface PacketVisitor extends SlotVisitor {
  /**
   * A packet in several slots (NS_MOREFRAG). Unless overridden, {@link #packet} sees the first
   * slot, and its result decides for all of them; they go out with the lengths that they have.
   *
   * @param rx the ring that the packet is in
   * @param slot its first slot
   * @param slots how many
   * @return greater than 0 to forward it as it is; {@link #DROP}; {@link #STOP} or any negative
   *     value
   */
  default int packet(NetmapRing rx, int slot, int slots) {
    return packet(rx.buffer(slot), rx.len(slot));
  }
}
