/**
 * Reaches a PCI function through UIO: {@code uio:0000:03:00.0}. Registers are a file of sysfs,
 * interrupts a descriptor, memory is the machine's own: no IOMMU keeps a card from what it was not
 * given.
 */
package io.netmap4j.uio;
