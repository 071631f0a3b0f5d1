# kernels: amd64
# cards: pair --link module=absent --lenient
# timeout: 300
# short: no
# As 50-trace-linux, with one module after the other in the cages.
trace_linux 10g-sr 10g-lr active-dac 1g-sx 1g-lx dual-rate
