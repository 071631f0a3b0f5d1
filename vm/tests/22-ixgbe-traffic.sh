# cards: pair --sfp
# chips: 82599 x540 x550
# short: 82599
# timeout: 180
# The kernel's drivers on both ends: ping, then TCP and UDP both ways with the cards' checksums and segmentation.
ixgbe_pair
for feature in rx-checksumming tx-checksumming tcp-segmentation-offload; do
  ethtool -k "$B" | grep "^$feature: on" || fail "$feature is not on"
done
count_from_here
in_a ping -q -c 5 -i 0.2 -W 5 "$ADDRESS_B"
ping -q -c 5 -i 0.2 -W 5 -s 1400 "$ADDRESS_A"
iperf -t 3
iperf -t 3 -R
iperf -t 3 -u -b 20M
counts_agree
for run in "" in_a; do
  $run nstat -az TcpInCsumErrors UdpInCsumErrors IpInHdrErrors | tail -n +2
  [ "$($run nstat -az TcpInCsumErrors UdpInCsumErrors IpInHdrErrors | awk 'NR > 1 { n += $2 } END { print n }')" = 0 ] \
    || fail "wrong checksums"
done
