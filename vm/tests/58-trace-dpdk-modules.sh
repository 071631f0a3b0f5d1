# kernels: amd64
# cards: pair --link module=absent --lenient
# timeout: 600
# short: no
# breaks: DCA_RXCTRL bit 12 must be written 0
# As 51-trace-dpdk, with one module after the other in the cages.
trace_dpdk 10g-sr 10g-lr active-dac 1g-sx 1g-lx dual-rate
