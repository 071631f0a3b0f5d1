package io.netmap4j.common;

/**
 * The part of a PacketVisitor that sees packets of one slot. In this package, since drivers call
 * it.
 */
@FunctionalInterface
public interface SlotVisitor {
  /** Result of {@link #packet}: the packet is not forwarded; its slot goes back to the device. */
  int DROP = 0;

  /**
   * Result of {@link #packet}: the packet, and those behind it, stay in the RX ring, from head to
   * tail, for the program.
   */
  int STOP = -1;

  /**
   * A packet in one slot.
   *
   * @param address of its first byte; the visitor may write up to the end of the buffer. Valid
   *     during the call
   * @param length bytes received, without FCS
   * @return {@code length} to forward it; another length greater than 0 to forward that many bytes
   *     of the buffer; {@link #DROP}; {@link #STOP} or any negative value. A length that the TX
   *     ring refuses is refused and counted as by a TX sync (NetmapPort.unsent)
   */
  int packet(long address, int length);
}
