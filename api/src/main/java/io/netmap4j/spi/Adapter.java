package io.netmap4j.spi;

import io.netmap4j.common.LinkState;
import io.netmap4j.common.NicControl;
import io.netmap4j.common.WaitMode;
import java.util.Map;

/**
 * A kind of port: NIC, pipe, switch port, monitor, host rings, null port. Two hot calls, the rest
 * cold.
 *
 * <p>{@link Kring} has validated the user's indices before a sync is called and publishes the tail
 * after it, so an adapter only moves {@link Kring#hwCur} and {@link Kring#hwTail}. Syncs of one
 * ring never overlap; syncs of different rings do.
 */
public interface Adapter extends AutoCloseable {
  /**
   * In {@code flags}: look for completions even when the ring has free slots (netmap's
   * NAF_FORCE_RECLAIM).
   */
  int FORCE_RECLAIM = 1;

  /**
   * In {@code flags} of an RX sync: the port that syncs has bound every TX ring of the device, so
   * host rings may fill slots of them (netmap's NAF_CAN_FORWARD_DOWN).
   */
  int CAN_FORWARD_DOWN = 2;

  /**
   * Of {@link #waitFd}: no descriptor is needed, for the {@code wake} of {@link #arm} is called.
   */
  int WAKES_BY_CALL = -2;

  /** How many rings and slots; fixed for the adapter's life. */
  record Rings(int tx, int rx, int txSlots, int rxSlots) {}

  String name();

  Rings rings();

  /**
   * Sends slots [hwCur, rHead) and moves hwTail past what is done. A packet that cannot be sent is
   * refused: nothing of it goes out, hwTail passes it as if it had, {@link Kring#unsent} and {@link
   * Kring#badSlots} count it. Does not block, throw, allocate or log.
   *
   * @return 0, or an errno: EINVAL when packets were refused (the others are sent) or the last has
   *     no end, EIO for a dead device (POLLERR)
   */
  int txSync(Kring kring, int flags);

  /**
   * Moves hwTail past what has arrived, then gives slots [hwCur, rHead) back. Does not block,
   * throw, allocate or log.
   *
   * @return 0 or an errno; EINVAL for an invalid buffer index: that slot and those behind it are
   *     not given back
   */
  int rxSync(Kring kring, int flags);

  /**
   * A quicker way than two syncs from an RX ring of this adapter to a TX ring of any, in the same
   * region. Asked for once for each pair that a program makes, while neither is synced or closed.
   *
   * @return null when there is none
   */
  default Forwarding forwarding(Kring from, Kring to) {
    return null;
  }

  /**
   * Starts the device on these rings: one Kring for each ring, indexed by ring. Called once, before
   * any sync.
   */
  void start(Kring[] tx, Kring[] rx);

  /**
   * The adapter is stopped next: syncs in flight must not wait long for a device that does not
   * answer. Never blocks.
   */
  default void part() {}

  /**
   * Stops DMA and housekeeping. Every Kring is fenced before, so no sync is in flight or will come.
   */
  void stop();

  LinkState link();

  /** Monotonic totals by their published names, drops included. */
  Map<String, Long> counters();

  /**
   * Longest frame that the port sends, in bytes without FCS; a longer one is refused ({@link
   * Kring#unsent}).
   */
  default int maxFrame() {
    return Integer.MAX_VALUE;
  }

  /** Shortest frame that the port sends, in bytes: an Ethernet header. */
  default int minFrame() {
    return 14;
  }

  /** Most slots of a packet that the port sends; one of more is refused. */
  default int maxSlots() {
    return Integer.MAX_VALUE;
  }

  /**
   * True when the device is gone for good: syncs return EIO, nothing is worth waiting for. Costs no
   * access to the device.
   */
  default boolean dead() {
    return false;
  }

  /**
   * False for a ring whose slots start without buffers, because those of another ring come to them.
   * What is in a slot when the rings are closed is given back.
   */
  default boolean startsWithBuffers(boolean tx) {
    return true;
  }

  /** True when slots may have offsets (docs/netmap-abi.md 10): netmap's NAF_OFFSETS. */
  default boolean offsets() {
    return false;
  }

  /**
   * True when rings keep the offsets that they were started with ({@link RingSet#offsets}), for
   * their slots go to rings of other ports and come from there.
   */
  default boolean keepsOffsets() {
    return false;
  }

  /** True when a slot to be sent may have its bytes elsewhere (NS_INDIRECT). */
  default boolean indirect() {
    return false;
  }

  /** Fewest bytes of a buffer that the port needs behind the largest offset to receive. */
  default int leastRxBytes() {
    return 1;
  }

  /**
   * Changes the offsets of a ring and of its slots ({@link Kring#offsetMask}, {@link
   * Kring#rxBytes}) while nothing uses them: no sync, no device.
   *
   * @param change to be run once
   */
  default void change(Kring kring, Runnable change) {
    kring.betweenSyncs(change);
  }

  /** Settings of a NIC; null for other kinds of port. */
  default NicControl control() {
    return null;
  }

  /** How a wait for this port waits, unless the program says otherwise. */
  default WaitMode waitMode() {
    return WaitMode.ADAPTIVE;
  }

  /**
   * A descriptor that becomes readable when the armed ring has news, {@link #WAKES_BY_CALL}, or −1
   * where only polling helps.
   */
  default int waitFd(Kring kring) {
    return -1;
  }

  /**
   * Asks for one wake-up on {@link #waitFd}. The sleeper arms, syncs once more, then sleeps.
   *
   * @param wake wakes the sleeper from another thread: rings may share a descriptor, and whoever
   *     empties it calls {@code wake} of the others; with {@link #WAKES_BY_CALL}, who has news for
   *     the ring calls it
   */
  default void arm(Kring kring, Runnable wake) {}

  /** Takes {@link #arm} back and empties the descriptor. */
  default void disarm(Kring kring, Runnable wake) {}

  /**
   * Gives everything back, in reverse order of taking it. Idempotent.
   *
   * @throws io.netmap4j.common.NetmapException when a device may still reach the region, so that
   *     rings and buffers must not be given to others
   */
  @Override
  void close();
}
