# cards: pair --sfp --lenient
# timeout: 300
# breaks: DCA_RXCTRL bit 12 must be written 0
# DPDK's driver through vfio-pci: forwards between the cards, and what one counts as sent the other counts as received.
# (It leaves bit 12 of DCA_RXCTRL as the reset does: ixgbe_start_hw_gen2 clears 13 and 15 only.)
hugepages 160
bind "$CARD_A" vfio-pci
bind "$CARD_B" vfio-pci

for mode in io macswap; do
  { sleep 1; echo "start tx_first"; sleep 4; echo stop; echo "show port stats all"; echo quit; } \
    | pmd both 1 "$CARD_A" "$CARD_B" -- --forward-mode=$mode >"$OUT/$mode"
  cat "$OUT/$mode"
done
