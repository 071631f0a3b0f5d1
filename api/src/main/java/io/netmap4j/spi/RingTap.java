package io.netmap4j.spi;

/**
 * Sees the slots that pass through a ring: a monitor, or forwarding between a NIC and its host
 * rings. Called within the ring's sync, so never by two threads at a time for one ring; must not
 * block, throw, allocate or log.
 */
public interface RingTap {
  /**
   * The adapter's sync comes next. Slots [hwCur, rHead) have been sent or released by the user; on
   * TX, some of them may have been seen before: the adapter takes no more than it can.
   */
  void before(Kring kring);

  /**
   * The adapter has synced.
   *
   * @param hwCur as it was before
   * @param hwTail as it was before: on RX, slots [hwTail, kring.hwTail) have arrived; on TX, slots
   *     [hwTail + 1, kring.hwTail + 1) are done
   */
  void after(Kring kring, int hwCur, int hwTail);

  /** The ring is closed; the tap is not called again. */
  default void gone(Kring kring) {}
}
