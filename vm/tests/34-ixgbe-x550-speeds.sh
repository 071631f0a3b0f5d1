# cards: pair --device-id 1563
# timeout: 60
# Two X550s under the kernel's driver: what they advertise is the link's speed at both ends (2.5G and 5G on request only); and
# the link comes back after "ip link set down" and "up".
ixgbe_pair
speed() { [ "$(cat "/sys/class/net/$B/speed")" = "$1" ] && [ "$(in_a cat "/sys/class/net/$A/speed")" = "$1" ]; }
eventually 10 speed 10000
for pair in 1000:0x20 100:0x8 2500:0x800000000000 5000:0x1000000000000; do
  ethtool -s "$B" advertise "${pair#*:}"
  in_a ethtool -s "$A" advertise "${pair#*:}"
  eventually 20 speed "${pair%:*}"
  in_a ping -q -c 1 -W 5 "$ADDRESS_B"
done
ethtool -s "$B" advertise 0x1000
in_a ethtool -s "$A" advertise 0x1020 # of both, 10G
ip link set "$B" down
ip link set "$B" up
eventually 20 speed 10000
in_a ping -q -c 1 -W 5 "$ADDRESS_B"
