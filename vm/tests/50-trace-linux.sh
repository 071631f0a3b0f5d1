# cards: pair --sfp --lenient
# chips: 82599 x540 x550
# short: 82599
# kernels: amd64
# timeout: 240
# The kernel's driver from probe to first packet to rmmod: its trace is kept, see vm/traces.
trace_linux
