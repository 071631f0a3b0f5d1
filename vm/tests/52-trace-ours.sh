# cards: pair
# chips: 82599 x540 x550
# short: 82599
# kernels: amd64
# timeout: 600
# Our driver from open to first packet to close: its trace is kept, see vm/traces.
trace_ours
