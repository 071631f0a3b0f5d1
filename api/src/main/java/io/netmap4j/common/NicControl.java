package io.netmap4j.common;

/**
 * What netmap leaves to ethtool and ifconfig, and a user-space driver must offer itself. Cold path,
 * thread safe.
 */
public interface NicControl {
  /** The station address, 6 bytes. */
  byte[] macAddress();

  /** Receives unicast frames for any address. */
  void promiscuous(boolean on);

  /** Receives every multicast frame. */
  void allMulticast(boolean on);

  /**
   * Receives frames for one more unicast or multicast address. @throws NetmapException ENOMEM when
   * the table is full
   */
  void addAddress(byte[] mac);

  /** Takes {@link #addAddress} back. */
  void removeAddress(byte[] mac);

  /**
   * Spreads flows over the RX rings.
   *
   * @param key 40 bytes, the Toeplitz key
   * @param table 128 ring numbers, chosen by the low 7 bits of the hash
   */
  void rss(byte[] key, int[] table);

  /**
   * Resets the device and restarts it on the same rings. As netmap_reset: what was submitted counts
   * as sent, what was received stays, the user's indices do not move.
   */
  void reset();
}
