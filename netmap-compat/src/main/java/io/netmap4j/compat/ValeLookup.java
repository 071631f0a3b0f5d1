package io.netmap4j.compat;

/**
 * Chooses the destinations of frames in a VALE switch, in place of the learning bridge (netmap's
 * {@code bdg_ops.lookup}, as mSwitch uses it). {@code ValeCtl.lookup} gives one to a switch.
 *
 * <p>Called within the sender's TX sync, by several threads at a time when several rings send. It
 * must not block, must not call {@code ValeCtl}, nor open or close ports; the switch does not learn
 * addresses while it is there. A frame for which it throws is dropped and counted ({@code
 * tx_lookup_failures}).
 */
@FunctionalInterface
public interface ValeLookup {
  /** Result: to ring 0 of every other port. */
  int BROADCAST = 254;

  /** Result: to nobody. */
  int DROP = 255;

  /**
   * The destination of a frame.
   *
   * @param frame valid during the call only
   * @return a port's index in the switch (0 to 253), {@link #BROADCAST} or {@link #DROP}; a port
   *     that is not there, and the one that the frame came from, mean DROP
   */
  int destination(Frame frame);

  /** A frame on its way through the switch. */
  interface Frame {
    /** Bytes of the frame that can be read here: those of its first slot, at least 14. */
    int length();

    /**
     * A byte of the frame, which begins with the destination's address.
     *
     * @param at 0 to {@link #length} − 1
     * @return 0 to 255
     * @throws IndexOutOfBoundsException for another {@code at}
     */
    int unsignedByte(int at);

    /**
     * An Ethernet address of the frame.
     *
     * @param at 0 for the destination's, 6 for the source's; up to {@link #length} − 6
     * @return 48 bits, the first byte the most significant one
     * @throws IndexOutOfBoundsException for another {@code at}
     */
    long address(int at);

    /** NS_* flags of the frame's first slot. */
    int flags();

    /** Index in the switch of the port that sends. */
    int port();

    /** The sender's ring. */
    int ring();

    /**
     * Chooses the destination's ring, which is otherwise that of the sender. Does not matter for
     * {@link ValeLookup#BROADCAST}.
     *
     * @param ring 0 or more; modulo the destination's rings
     */
    void toRing(int ring);
  }
}
