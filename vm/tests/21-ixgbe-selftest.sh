# cards: pair --sfp --lenient
# timeout: 300
# breaks: ^STATUS <-
# breaks: ^(RDLEN|RDT|RXDCTL|TDBAL)\([0-3]\) <-
# breaks: RXCRCSTRP
# The kernel driver's own self tests: registers, EEPROM, interrupts, loopback, link.
# (Its register test writes patterns to STATUS, to the low bits of a ring's address and to a ring of length 0; its loopback
# test leaves the two bits that strip the CRC as the reset does, one on, one off.)
ixgbe_pair
ethtool -t "$B" online
ethtool -t "$B" offline
link_up
ping -c 2 -i 0.2 -W 5 "$ADDRESS_A"
