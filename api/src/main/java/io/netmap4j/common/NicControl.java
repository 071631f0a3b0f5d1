package io.netmap4j.common;

/**
 * Settings of a NIC: what netmap leaves to ethtool and ifconfig, and a user-space driver must offer
 * itself. They hold for all ports of the NIC until the last one is closed. Cold path; for any
 * thread.
 *
 * <p>Each method throws {@link NetmapException}: EINVAL for a value that the card cannot have,
 * ENXIO or EIO when the device is closed or gone.
 */
public interface NicControl {
  /**
   * The station address.
   *
   * @return 6 bytes, a new array
   */
  byte[] macAddress();

  /**
   * Receives unicast frames for any address.
   *
   * @param on or only those for the station address and {@link #addAddress}
   */
  void promiscuous(boolean on);

  /**
   * Receives every multicast frame.
   *
   * @param on or only those for {@link #addAddress}
   */
  void allMulticast(boolean on);

  /**
   * Receives frames for one more unicast or multicast address.
   *
   * @param mac 6 bytes; copied
   * @throws NetmapException also ENOMEM when the card's table is full
   */
  void addAddress(byte[] mac);

  /**
   * Receives no more frames for an address that was added.
   *
   * @param mac 6 bytes; one that was not added changes nothing
   */
  void removeAddress(byte[] mac);

  /**
   * Spreads flows over the RX rings.
   *
   * @param key 40 bytes, the Toeplitz key; copied
   * @param table 128 ring numbers, chosen by the low 7 bits of the hash, or on a card with a larger
   *     table (X550: 512, 9 bits) as many as that has; copied
   */
  void rss(byte[] key, int[] table);

  /**
   * Resets the device and restarts it on the same rings. As netmap_reset (docs/netmap-abi.md 5.6):
   * what was submitted counts as sent, what was received stays, the user's indices do not move.
   */
  void reset();
}
