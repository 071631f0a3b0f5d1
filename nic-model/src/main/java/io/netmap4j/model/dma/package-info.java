/**
 * What the card reaches of a machine's memory, and what that costs.
 *
 * <p>An engine has a device address (IOVA) from a descriptor or a base register. {@link
 * io.netmap4j.model.dma.DeviceMemory} finds the mapping that covers it and gives the address in
 * this process; without one, nothing is touched, and the listener hears of a fault, as from an
 * IOMMU. Mappings come from {@code ModelDomain} and {@code ModelDevice} (memory of this process) or
 * from a vfio-user client ({@link io.netmap4j.model.dma.ForeignMemory}, which may go away at any
 * time). The card's one lock is here, so that an unmapping waits for a batch that is under way.
 *
 * <p>{@link io.netmap4j.model.dma.PcieBill} counts what crosses PCIe. A {@link
 * io.netmap4j.model.dma.DmaObserver} hears of every access: {@link io.netmap4j.model.dma.DmaLog}
 * keeps the last ones, {@link io.netmap4j.model.dma.DmaPages} counts them by page.
 */
package io.netmap4j.model.dma;
