# cards: pair --lenient
# timeout: 120
# The kernel driver's own self tests: registers, EEPROM, interrupts, loopback, link.
ixgbe_pair
in_a ip link set "$A" down
eventually 20 carrier 0 cat "/sys/class/net/$B/carrier"
in_a ip link set "$A" up
link_up
ethtool -t "$B" online
ethtool -t "$B" offline
link_up
ping -c 2 -i 0.2 -W 5 "$ADDRESS_A"
