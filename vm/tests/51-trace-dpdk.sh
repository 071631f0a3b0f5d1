# cards: pair --sfp --lenient
# kernels: amd64
# timeout: 120
# breaks: DCA_RXCTRL bit 12 must be written 0
# DPDK's driver from probe to first packet to quit, two queues, and nothing else: its trace is kept, see vm/traces.
echo "testpmd of DPDK $(dpkg-query -W -f '${Version}' dpdk), through vfio-pci" >"$OUT/driver"
hugepages 160
bind "$CARD_A" vfio-pci
bind "$CARD_B" vfio-pci
commands "$OUT/testpmd" "start tx_first" "port stop all" "port close all" \
  | pmd both 1 "$CARD_A" "$CARD_B" -- --rxq=2 --txq=2 >"$OUT/testpmd" 2>&1
sent=$(port_count "$OUT/testpmd" 0 TX-packets) received=$(port_count "$OUT/testpmd" 1 RX-packets)
[ "${sent:-0}" -gt 0 ] && [ "$sent" = "$received" ] || fail "sent $sent, received $received"
