package io.netmap4j.common;

import java.util.Locale;

/**
 * How many rings and slots a registration asks for, as in struct nmreq_register; 0 for the port's
 * own default. Counts matter for ports that the registration makes (pipes, VALE ports, null ports,
 * monitors, host rings); a NIC has what its configuration says (docs/netmap-abi.md 11.2).
 *
 * @param txRings nr_tx_rings, 0 to 65535
 * @param rxRings nr_rx_rings
 * @param hostTxRings nr_host_tx_rings
 * @param hostRxRings nr_host_rx_rings
 * @param txSlots nr_tx_slots, 0 or more, of each ring
 * @param rxSlots nr_rx_slots
 */
public record RingCounts(
    int txRings, int rxRings, int hostTxRings, int hostRxRings, int txSlots, int rxSlots) {
  /** The port's own defaults. */
  public static final RingCounts DEFAULT = new RingCounts(0, 0, 0, 0, 0, 0);

  /**
   * Checks the counts.
   *
   * @throws NetmapException EINVAL for rings outside 0 to 65535, or fewer than 0 slots
   */
  public RingCounts {
    if (((txRings | rxRings | hostTxRings | hostRxRings) & ~0xffff) != 0
        || txSlots < 0
        || rxSlots < 0) {
      throw new NetmapException(
          Errno.EINVAL,
          String.format(
              Locale.ROOT,
              "invalid counts: %d tx and %d rx rings, %d and %d host rings (each 0 to 65535), %d and %d slots (0 or more)",
              txRings,
              rxRings,
              hostTxRings,
              hostRxRings,
              txSlots,
              rxSlots));
    }
  }

  /** With so many hardware rings of each direction. */
  public RingCounts rings(int tx, int rx) {
    return new RingCounts(tx, rx, hostTxRings, hostRxRings, txSlots, rxSlots);
  }

  /** With so many host rings of each direction. */
  public RingCounts hostRings(int tx, int rx) {
    return new RingCounts(txRings, rxRings, tx, rx, txSlots, rxSlots);
  }

  /** With so many slots in each ring. */
  public RingCounts slots(int tx, int rx) {
    return new RingCounts(txRings, rxRings, hostTxRings, hostRxRings, tx, rx);
  }
}
