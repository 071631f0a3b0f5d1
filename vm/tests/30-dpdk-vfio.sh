# cards: pair --sfp --lenient
# chips: 82599 x540 x550
# short: 82599
# kernels: amd64
# timeout: 300
# breaks: DCA_RXCTRL bit 12 must be written 0
# DPDK's driver by way of vfio-pci: forwards between the cards, sends, receives on four queues by RSS; what one card
# counts as sent the other counts as received. (It leaves bit 12 of DCA_RXCTRL as the reset does: ixgbe_start_hw_gen2
# clears 13 and 15 only.)
dpdk_forwards vfio-pci
