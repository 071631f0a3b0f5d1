# cards: pair --sfp --lenient
# kernels: amd64
# timeout: 120
# The kernel's driver from probe to first packet to rmmod, and nothing else: its trace is kept, see vm/traces.
echo "ixgbe of Linux $(uname -r)" >"$OUT/driver"
ixgbe_pair
in_a ping -q -c 3 -i 0.2 -W 5 "$ADDRESS_B"
in_a ip link set "$A" down
ip link set "$B" down
leave
