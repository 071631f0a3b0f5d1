# cards: pair --device-id 1528 --lenient
# timeout: 60
# short: no
# breaks: DCA_RXCTRL bit 12 must be written 0
# DPDK's driver on X540s, through vfio-pci: what one card counts as sent the other counts as received.
dpdk_copper
