/**
 * The function on its bus: configuration space, the MSI-X table in BAR 4, and interrupts.
 *
 * <p>A cause (an engine wrote a status back, the link changed, the driver wrote EICS) sets bits in
 * {@link io.netmap4j.model.pci.Interrupts}: the vector that IVAR names for a queue, or a bit of
 * EICR. Once for a batch of engine work, and after every register access, {@code deliver} sends
 * what is due, not masked and not throttled by EITR: as an MSI-X message, unless {@link
 * io.netmap4j.model.pci.MsixTable} masks the vector, which makes it pending; as an MSI; or as a
 * level on the INTx line, as {@link io.netmap4j.model.pci.PciConfig} has it. Either ends in an
 * {@link io.netmap4j.model.pci.InterruptSink}, which signals an eventfd.
 */
package io.netmap4j.model.pci;
