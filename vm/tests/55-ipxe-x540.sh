# runs: host
# timeout: 150
# short: no
# As 54-ipxe, on an X540.
. vm/ipxe.sh
ipxe_boots 1528 x540t
