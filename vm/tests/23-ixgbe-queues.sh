# cards: pair --sfp
# timeout: 180
# RSS spreads flows over the queues that the driver has (one for each processor), and an indirection table keeps them
# away from one.
ixgbe_pair
ethtool -l "$B" | tail -n 2
ethtool -x "$B" | head -n 6
iperf -R -P 12 -t 3 | tail -n 4
for queue in 0 1; do
  packets=$(statistic "$B" "rx_queue_${queue}_packets")
  echo "queue $queue: $packets"
  [ "$packets" -gt 100 ] || fail "queue $queue has received $packets packets"
done

ethtool -X "$B" equal 1
before=$(statistic "$B" rx_queue_1_packets) all=$(statistic "$B" rx_packets)
iperf -R -P 12 -t 2 | tail -n 4
[ "$(statistic "$B" rx_queue_1_packets)" = "$before" ] || fail "queue 1 still receives"
[ "$(statistic "$B" rx_packets)" -gt $((all + 100)) ] || fail "nothing was received"
