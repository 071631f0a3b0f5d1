/**
 * Reaches a PCI function through VFIO, by either of two transports: the kernel ({@code
 * vfio:0000:03:00.0}) or another process ({@code vfio-user:/run/lab0.sock}).
 *
 * <p>{@code VfioDevice} and {@code VfioDmaDomain} are the same for both; what they need of a
 * transport is {@code Vfio} (one function) and {@code VfioIommu} (its memory).
 */
package io.netmap4j.vfio;
