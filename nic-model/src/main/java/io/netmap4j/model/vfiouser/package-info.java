/**
 * The card for drivers in other processes, QEMU among them, by the vfio-user protocol on a Unix
 * socket.
 *
 * <p>A message from the client arrives in {@code VfioUserSession}, on the session's thread. A
 * REGION_READ or REGION_WRITE goes to {@code VfioUserRegions}, which makes accesses of 32 bits of
 * it for BAR 0 and BAR 4, and calls the card like any other driver does: every access traps, so
 * that none escapes the rules. DMA_MAP goes to {@code VfioUserMemory}, which maps the client's file
 * and lets the card reach it. SET_IRQS goes to {@code VfioUserIrqs}, which signals the client's
 * eventfds when the card interrupts.
 *
 * <p>{@link io.netmap4j.model.vfiouser.VfioUserServer} takes one client at a time, and cleans up
 * after it. The client is not trusted: it may send anything, cut its files short or block its
 * eventfds.
 */
package io.netmap4j.model.vfiouser;
