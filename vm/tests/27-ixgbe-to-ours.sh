# cards: pair --sfp
# timeout: 400
# The kernel's ixgbe at one end of the cable, our driver at the other, in a Java program between the card and a TAP
# interface: two stacks of the kernel talk through both drivers.
configure vfio
give_to_user "$CARD_B"
modprobe tun
ixgbe_a

/project/netmap4j tap -i netmap:b -t ours -w 10 >"$OUT/tap" 2>&1 &
program=$!
eventually 200 [ -e /sys/class/net/ours ]
ip addr add "$ADDRESS_B/24" dev ours
ip link set ours up
eventually 100 carrier 1 in_a cat "/sys/class/net/$A/carrier"

answered 50 -i 0.05 -s 1400 -W 5 "$ADDRESS_A"
answered 50 -i 0.05 -W 5 "$ADDRESS_A"
iperf -t 5
iperf -t 5 -R
in_a ethtool -S "$A" >"$OUT/statistics"
for name in rx_errors tx_errors rx_crc_errors rx_csum_offload_errors rx_length_errors; do
  [ "$(statistic "$A" $name)" = 0 ] || fail "$name: $(statistic "$A" $name)"
done
kill $program
status=0
wait $program || status=$?
cat "$OUT/tap"
grep -q "^netmap:b -> ours: [1-9]" "$OUT/tap" || fail "no totals, exit code $status"
