/**
 * Reaches a PCI function through UIO: {@code uio:0000:03:00.0}. No IOMMU keeps a card from memory
 * that it was not given, so this package sees to it that memory outlives the card's use of it.
 *
 * <p>A register write: {@code UioDevice} maps the function's {@code resource0} in sysfs; the driver
 * stores at {@code UioDevice.mappedRegister} and nothing of this package runs. Configuration space
 * is the file {@code config}, one system call for each access.
 *
 * <p>A mapping: {@code UioDmaDomain.map} wants the region in hugetlbfs, locks it, reads the
 * physical address of each 2 MiB from {@code /proc/self/pagemap}, and gives its file a name, {@code
 * netmap4j-PID-ID@CARD}. The name keeps the pages after a kill: whoever opens the card next takes
 * its lock, switches bus mastering off and only then removes such names. Descriptor rings are
 * pieces of such a page ({@code UioDmaDomain.allocate}).
 *
 * <p>An interrupt: there is one, INTx, and its descriptor is {@code /dev/uioN}, readable when it
 * has fired. The kernel's driver switches it off each time; {@code UioDevice.rearmIrq} reads the
 * descriptor empty and switches it on again, through the command register (uio_pci_generic) or by a
 * write to the descriptor (igb_uio).
 */
package io.netmap4j.uio;
