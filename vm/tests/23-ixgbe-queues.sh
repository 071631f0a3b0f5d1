# cards: pair --sfp
# chips: 82599 x540 x550
# short: 82599
# timeout: 180
# RSS spreads flows over the queues that the driver has (one for each processor), and an indirection table keeps them
# away from one.
# The key is the one that DPDK uses. The kernel's is random, and one in 128 brings all flows to one queue: their ports are
# even and close together, and it may be blind, in the hash's lowest bit, to the few bits in which they differ.
ixgbe_pair
ethtool -X "$B" hkey "$(printf '%s' 6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa | sed 's/../:&/g; s/^://')"
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
