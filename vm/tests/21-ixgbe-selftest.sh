# cards: pair --sfp --lenient
# chips: 82599 x540 x550
# short: 82599
# timeout: 300
# breaks: ^STATUS <-
# breaks: ^(RDLEN|RDT|RXDCTL|TDBAL)\([0-3]\) <-
# breaks: ^RX queue [0-9]*: a frame is stored with DCA_RXCTRL
# The kernel driver's own self tests: registers, EEPROM, interrupts, loopback, link.
# (Its register test writes patterns to STATUS, to the low bits of a ring's address and to a ring of length 0; its loopback
# test leaves bit 12 of DCA_RXCTRL as the reset does, and the two bits that strip the CRC, one on, one off: a warning.)
ixgbe_pair
ethtool -t "$B" online
ethtool -t "$B" offline
link_up
ping -c 2 -i 0.2 -W 5 "$ADDRESS_A"
