# cards: pair --sfp --lenient
# chips: 82599 x540 x550
# short: 82599
# kernels: amd64
# timeout: 240
# breaks: DCA_RXCTRL bit 12 must be written 0
# DPDK's driver from probe to first packet to quit: its trace is kept, see vm/traces.
trace_dpdk
