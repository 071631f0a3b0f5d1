# cards: pair --device-id 1563 --lenient
# timeout: 60
# short: no
# breaks: ^STATUS <-
# breaks: ^(RDLEN|RDT|RXDCTL|TDBAL)\([0-3]\) <-
# breaks: ^RX queue [0-9]*: a frame is stored with DCA_RXCTRL
# breaks: ^read of undefined register
# The kernel's own driver on X550s: it reads the NVM by commands to the firmware, identifies the PHY by MDIO, negotiates. ("PHY: 0":
# it does that after it has said so.) What it breaks it breaks on an 82599, too: 20-ixgbe-probe, 21-ixgbe-selftest.
copper_pair 'MAC: 4, PHY: 0'
