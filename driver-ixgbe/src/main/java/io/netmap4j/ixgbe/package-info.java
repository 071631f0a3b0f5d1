/**
 * The Intel 82599 driver.
 *
 * <h2>A packet's way to the card</h2>
 *
 * <ol>
 *   <li>A program fills slots, moves {@code head} and calls {@link
 *       io.netmap4j.NetmapPort#txSync()}, which calls {@link io.netmap4j.spi.Kring#txSync(int)} for
 *       each ring of the port.
 *   <li>The kring reads {@code head} with acquire semantics, checks it, and makes the one virtual
 *       call: {@link IxgbeAdapter#txSync}. That asks for carrier and picks the ring.
 *   <li>{@link IxgbeTxRing#sync} cuts the new slots into straight runs, which neither ring's end
 *       interrupts. Its loop {@code fill} checks length and buffer index, looks the buffer's device
 *       address up ({@link io.netmap4j.spi.DmaMapping#table}) and writes a descriptor. It stops at
 *       a slot that is anything but a whole packet in one buffer; {@code unusual} handles the
 *       packet that begins there, and the loop goes on behind it.
 *   <li>{@code report} sets RS in each 32nd descriptor: the card shall write it back.
 *   <li>{@link IxgbeRing#doorbell} stores the new tail to TDT ({@link
 *       io.netmap4j.linux.Order#writeRegister}): after that store the card may read the
 *       descriptors.
 *   <li>{@code reclaim}, in this sync or a later one, finds DD in the descriptors that report and
 *       moves {@code hwTail}, for what comes behind the last of them when the card is idle; the
 *       kring publishes it as {@code tail}: the slots are the program's again.
 * </ol>
 *
 * <h2>A packet's way from the card</h2>
 *
 * <ol>
 *   <li>{@link io.netmap4j.NetmapPort#rxSync()}, {@link io.netmap4j.spi.Kring#rxSync(int)}, {@link
 *       IxgbeAdapter#rxSync}, {@link IxgbeRxRing#sync}, as above.
 *   <li>{@code receive}: its loop {@code take} copies the length of each descriptor that has DD and
 *       EOP and no error into its slot; {@code unusual} handles chains and what the card garbled.
 *   <li>{@code release}: its loop {@code give} writes the buffers of the slots that {@code head}
 *       has passed into descriptors; then the doorbell, RDT, for 32 of them at once ({@code
 *       announce}).
 * </ol>
 *
 * <h2>Everything else</h2>
 *
 * <ul>
 *   <li>{@link IxgbeDriver}: which devices are ours. {@link IxgbeLimits}: which options they take.
 *   <li>{@link IxgbeAdapter}: bring-up and stop of a port; {@link IxgbeControl}: what a program
 *       changes while it is open.
 *   <li>{@link IxgbeDevice}: reset, configuration, queues, in the order of docs/82599.md 3.1;
 *       {@link IxgbeFilters}; {@link Rss}; {@link Reg}: the registers.
 *   <li>{@link IxgbeLink}: from a reset to carrier. {@link MacLink} with {@link SfpCage}, {@link
 *       SfpModule}, {@link I2cBus} and {@link IxgbeAutoc} for the 82599 (docs/link.md), {@link
 *       CopperLink} for X540 and X550. {@link PciPower}: out of D3.
 *   <li>{@link IxgbeHousekeeping}: link, {@link IxgbeCounters}, {@link IxgbeWatchdog}, on a thread.
 *   <li>{@link IxgbeInterrupts}: wake-ups for programs that wait.
 *   <li>{@link IxgbeRingMemory}: what the card reaches by DMA; {@link BufferAddresses}: where it
 *       finds each buffer, and which it must not be given.
 * </ul>
 *
 * <p>We have no datasheet. Comments name a section of docs/82599.md, which names its sources, or
 * the foreign function that does the same, as in Linux 6.1's ixgbe or DPDK's; where sources
 * disagree, only what both of them write is written.
 */
package io.netmap4j.ixgbe;
