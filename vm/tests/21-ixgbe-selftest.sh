# cards: pair --sfp --lenient
# timeout: 120
# The kernel driver's own self tests: registers, EEPROM, interrupts, loopback, link.
ixgbe_pair
ethtool -t "$B" online
ethtool -t "$B" offline
link_up
ping -c 2 -i 0.2 -W 5 "$ADDRESS_A"
