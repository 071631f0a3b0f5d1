# cards: pair --sfp --lenient
# timeout: 120
# breaks: ^STATUS <-
# breaks: ^(RDLEN|RDT|RXDCTL)\([0-3]\) <-
# The kernel driver's own self tests: registers, EEPROM, interrupts, loopback, link.
# (Its register test writes patterns to STATUS and to a ring of length 0.)
ixgbe_pair
ethtool -t "$B" online
ethtool -t "$B" offline
link_up
ping -c 2 -i 0.2 -W 5 "$ADDRESS_A"
