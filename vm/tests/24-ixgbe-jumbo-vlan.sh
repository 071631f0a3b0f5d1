# cards: pair --sfp
# chips: 82599 x540 x550
# short: 82599
# timeout: 180
# Frames of 9000 bytes, and VLANs: tags put in and taken out by the cards, other VLANs filtered.
ixgbe_pair
in_a ip link set "$A" mtu 9000
ip link set "$B" mtu 9000
link_up
count_from_here
ping -q -c 3 -i 0.2 -W 5 -M 'do' -s 8972 "$ADDRESS_A"
iperf -t 3
iperf -t 3 -R
counts_agree

in_a ip link add link "$A" name vlan5 type vlan id 5
in_a ip addr add 203.0.113.1/24 dev vlan5
in_a ip link set vlan5 up
ip link add link "$B" name vlan5 type vlan id 5
ip addr add 203.0.113.2/24 dev vlan5
ip link set vlan5 up
ethtool -k "$B" | grep -E '^(rx-vlan|tx-vlan)'
ping -q -c 3 -i 0.2 -W 5 203.0.113.1
ping -q -c 3 -i 0.2 -W 5 -M 'do' -s 8972 203.0.113.1
in_a ip link set vlan5 down
in_a ip link del vlan5
in_a ip link add link "$A" name vlan6 type vlan id 6
in_a ip addr add 203.0.113.1/24 dev vlan6
in_a ip link set vlan6 up
count_from_here
if ping -q -c 2 -i 0.2 -W 1 203.0.113.1; then fail "VLAN 6 hears VLAN 5"; fi
[ "$(statistic "$B" tx_pkts_nic)" -gt "$sent_b" ] || fail "B has sent nothing"
[ "$(statistic "$A" rx_pkts_nic)" = "$received_a" ] || fail "card A lets frames of VLAN 5 in, which has been taken away"
ping -q -c 2 -i 0.2 -W 5 "$ADDRESS_A"
