/**
 * The Intel 82599 driver. Start with {@code IxgbeTxRing} and {@code IxgbeRxRing} (the data path),
 * then {@code IxgbeAdapter} (rings and card as one port) and {@code IxgbeDevice} (bring-up, in the
 * order of docs/82599.md 3.1).
 *
 * <p>We have no datasheet. Comments name a section of docs/82599.md, which names its sources, or
 * the foreign function that does the same, as in Linux 6.1's ixgbe or DPDK's; where sources
 * disagree, only what both of them write is written.
 */
package io.netmap4j.ixgbe;
