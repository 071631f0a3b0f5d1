# cards: pair --sfp --lenient
# chips: 82599 x540 x550
# short: 82599
# kernels: amd64
# boot: intel_iommu=on iommu=pt pci=nomsi
# timeout: 120
# As 50-trace-linux, with interrupts by the INTx line.
echo "ixgbe of Linux $(uname -r), interrupts by the INTx line" >"$OUT/driver"
ixgbe_pair
in_a ping -q -c 3 -i 0.2 -W 5 "$ADDRESS_B"
grep -E "IO-APIC.* eth" /proc/interrupts || fail "no interrupt came by the line"
in_a ip link set "$A" down
ip link set "$B" down
leave
