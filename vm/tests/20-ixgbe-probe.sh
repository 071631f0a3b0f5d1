# cards: pair --sfp --lenient
# kernels: amd64 arm64*
# chips: 82599 x540 x550
# short: x540
# timeout: 300
# breaks: ^read of undefined register
# The kernel's own driver takes the cards, says nothing that it would not say of a real one, and shows them to ethtool.
# (ethtool -d reads registers that only an 82598 has. "PHY: 0" of an X540 or X550: the driver looks for the PHY after it has
# said so.)
ixgbe_pair
case $CHIP in
  82599) identity='MAC: 2, PHY: [0-9]+, SFP\+: [0-9]+' link='5\.0 GT/s PCIe x8' port='Direct Attach Copper' ;;
  x540) identity='MAC: 3, PHY: 0' link='5\.0 GT/s PCIe x8' port='Twisted Pair' ;;
  x550) identity='MAC: 4, PHY: 0' link='8\.0 GT/s PCIe x4' port='Twisted Pair' ;;
esac
dmesg | cut -d ] -f 2- >"$OUT/said"
grep -E "$identity" "$OUT/said" || fail "the driver did not say $identity"
# (Linux itself speaks of the card too, on arm64 and POWER: groups, and how its addresses are translated.)
strange=$(grep -E 'ixgbe|eth[0-9]' "$OUT/said" | grep -v -E \
  -e 'ixgbe: (Intel\(R\) 10 Gigabit PCI Express Network Driver|Copyright)' \
  -e 'Multiqueue Enabled: Rx Queue count = [0-9]+, Tx Queue count = [0-9]+ XDP Queue count = 0' \
  -e "3[0-9.]+ Gb/s available PCIe bandwidth \($link link\)" \
  -e "$identity, PBA No: " \
  -e '02:00:00:00:00:0[12]$' \
  -e 'Intel\(R\) 10 Gigabit Network Connection' \
  -e 'Adding to iommu group|enabling device|lsa_required:|iommu: 64-bit OK|ibm,[a-z-]*-pe-dma-window|Firmware logging not supported' \
  -e 'registered PHC device on eth|detected SFP\+' \
  -e 'NIC Link is Up 10 Gbps, Flow Control: (None|RX/TX)' || true)
[ -z "$strange" ] || fail "the driver said: $strange"

ethtool "$B" | tee "$OUT/ethtool"
grep -q "Port: $port" "$OUT/ethtool" || fail "no port of the kind $port"
[ "$(cat "/sys/class/net/$B/speed")" = 10000 ] || fail "not 10 Gbit/s"
ethtool -i "$B"
ethtool -m "$B" || true
ethtool -k "$B" >"$OUT/features"
ethtool -d "$B" >"$OUT/registers"
grep -E 'Link Status: +up' "$OUT/registers" || true
ethtool -e "$B" offset 0 length 128
ethtool -S "$B" >"$OUT/statistics"
in_a ping -c 3 -i 0.2 -W 5 "$ADDRESS_B"
