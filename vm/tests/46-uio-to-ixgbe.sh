# cards: pair --sfp
# chips: 82599 x540 x550
# short: no
# timeout: 400
# Our driver, through uio_pci_generic, at one end of the cable, the kernel's ixgbe at the other: so many frames each way, and
# both programs and both cards have counted them. Ours sleeps until the INTx line wakes it.
frames=1000
configure uio
echo 'nic.b.wait = interrupt' >>"$NETMAP4J_CONFIG"
hugepages 64
bind "$CARD_B" uio_pci_generic
ixgbe_a
in_a ip neigh add "$ADDRESS_B" lladdr 02:00:00:00:00:02 dev "$A"
netmap4j run "pkt-gen -i netmap:b/R -f rx -n $frames --counters -w 10" "pkt-gen -i netmap:b/T -f tx -n $frames --counters -w 10" >"$OUT/run" 2>&1 &
eventually 300 grep -qs "^Sent $frames packets" "$OUT/run"
in_a bash -c 'exec 3>"/dev/udp/$1/9"; for ((i = 0; i < $2; i++)); do echo "frame $i" >&3; done' bash "$ADDRESS_B" $frames
wait $! || true
cat "$OUT/run"
[ "$(fired)" -gt 0 ] || fail "no interrupt came by the line"
grep -q "^Received $frames packets" "$OUT/run" || fail "not everything was received"
for name in GPTC GPRC; do grep -q "^b: $name $frames$" "$OUT/run" || fail "our card's $name is not $frames"; done
counted() { [ "$(statistic "$A" tx_pkts_nic) $(statistic "$A" rx_pkts_nic)" = "$frames $frames" ]; }
eventually 10 counted
