# cards: pair
# kernels: amd64
# timeout: 300
# Our driver from open to first packet to close, two queues, sleeping on interrupts, and nothing else: its trace is kept,
# see vm/traces.
echo "netmap4j's driver, through vfio-pci" >"$OUT/driver"
configure vfio
printf '%s\n' 'nic.a.rings = 2' 'nic.a.wait = interrupt' 'nic.b.wait = interrupt' >>"$NETMAP4J_CONFIG"
bind "$CARD_A" vfio-pci
bind "$CARD_B" vfio-pci
ulimit -l unlimited
netmap4j run "pkt-gen -i netmap:a/R -f rx -n 100 -w 5" "pkt-gen -i netmap:b/R -f rx -n 100 -w 5" \
  "pkt-gen -i netmap:a/T -f tx -n 100 -w 5" "pkt-gen -i netmap:b/T -f tx -n 100 -w 5" 2>&1 | tee "$OUT/run"
[ "$(grep -c "^Received 100 packets" "$OUT/run")" = 2 ] || fail "not everything was received"
