# cards: pair --sfp
# chips: 82599 x540 x550
# short: 82599
# timeout: 400
# The driver comes and goes, and rings are remade under traffic.
for round in 1 2 3; do
  ixgbe_pair
  ping -q -c 2 -i 0.2 -W 5 "$ADDRESS_A"
  leave
  echo "round $round done"
done
ixgbe_pair
ping -q -i 0.01 -c 400 -W 5 "$ADDRESS_A" >"$OUT/ping" &
for slots in 256 1024 4096 512; do
  ethtool -G "$B" rx $slots tx $slots
  link_up
done
wait $! || true
tail -n 3 "$OUT/ping"
ping -q -c 5 -i 0.2 -W 5 "$ADDRESS_A"
iperf -t 2
