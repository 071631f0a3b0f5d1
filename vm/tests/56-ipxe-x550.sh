# runs: host
# timeout: 150
# short: no
# As 54-ipxe, on an X550.
. vm/ipxe.sh
ipxe_boots 1563 x550t2
