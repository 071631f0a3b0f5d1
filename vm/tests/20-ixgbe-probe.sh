# cards: pair --sfp --lenient
# timeout: 300
# breaks: ^read of undefined register
# The kernel's own driver takes the cards, says nothing that it would not say of a real one, and shows them to ethtool.
# (ethtool -d reads registers that only an 82598 has.)
ixgbe_pair
dmesg | cut -d ] -f 2- >"$OUT/said"
strange=$(grep -E 'ixgbe|eth[0-9]' "$OUT/said" | grep -v -E \
  -e 'ixgbe: (Intel\(R\) 10 Gigabit PCI Express Network Driver|Copyright)' \
  -e 'Multiqueue Enabled: Rx Queue count = [0-9]+, Tx Queue count = [0-9]+ XDP Queue count = 0' \
  -e '32\.000 Gb/s available PCIe bandwidth \(5\.0 GT/s PCIe x8 link\)' \
  -e 'MAC: 2, PHY: [0-9]+(, SFP\+: [0-9]+)?, PBA No: ' \
  -e '02:00:00:00:00:0[12]$' \
  -e 'Intel\(R\) 10 Gigabit Network Connection' \
  -e 'registered PHC device on eth|detected SFP\+' \
  -e 'NIC Link is Up 10 Gbps, Flow Control: (None|RX/TX)' || true)
[ -z "$strange" ] || fail "the driver said: $strange"

ethtool "$B"
[ "$(cat "/sys/class/net/$B/speed")" = 10000 ] || fail "not 10 Gbit/s"
ethtool -i "$B"
ethtool -m "$B" || true
ethtool -k "$B" >"$OUT/features"
ethtool -d "$B" >"$OUT/registers"
grep -E 'Link Status: +up' "$OUT/registers" || true
ethtool -e "$B" offset 0 length 128
ethtool -S "$B" >"$OUT/statistics"
in_a ping -c 3 -i 0.2 -W 5 "$ADDRESS_B"
