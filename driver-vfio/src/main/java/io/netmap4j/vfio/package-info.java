/**
 * Reaches a PCI function through VFIO, by either of two transports: the kernel ({@code
 * vfio:0000:03:00.0}) or another process ({@code vfio-user:/run/lab0.sock}).
 *
 * <p>{@code VfioDevice} and {@code VfioDmaDomain} are the same for both; what they need of a
 * transport is {@code Vfio} (one function) and {@code VfioIommu} (its memory). The kernel's are
 * {@code KernelVfio} and, in a {@code KernelContainer}, {@code KernelIommu} or POWER's {@code
 * SpaprIommu}; {@code VfioUser} is both for one server. {@code VfioAbi} has the numbers and
 * structures of linux/vfio.h.
 *
 * <p>A register write: the driver stores into BAR 0 at {@code VfioDevice.mappedRegister} and
 * nothing of this package runs; over vfio-user that is 0, and {@code VfioDevice.write32} calls
 * {@code VfioUser.post}, which queues a REGION_WRITE without a reply in {@code VfioUserOutput}. A
 * register read there is a request and its reply, {@code VfioUserConnection.request}.
 *
 * <p>A mapping: {@code VfioDmaDomain.map} reserves device addresses and {@code mapDma} makes the
 * mapping, by VFIO_IOMMU_MAP_DMA in the kernel's container or by a DMA_MAP message that carries the
 * region's descriptor. One domain maps a region once, for all its ports; the last unmaps it.
 * Descriptor rings are private memory ({@code VfioDmaDomain.allocate}), mapped the same way.
 *
 * <p>An interrupt: {@code VfioDevice.enableIrqs} makes an eventfd for each vector and passes them
 * with {@code setIrqs}; kernel or server adds to an eventfd when the vector fires, and {@code
 * rearmIrq} empties it and, for INTx, takes the kernel's mask away.
 */
package io.netmap4j.vfio;
