# cards: pair
# chips: x540 x550
# short: no
# timeout: 180
# The kernel's driver on 10GBASE-T: what both ends advertise, or "ethtool -s speed" makes them advertise, is the link's speed
# (2.5G and 5G on request only); and the link comes back after "ip link set down" and "up". (Of an 82599: 29-ixgbe-modules.)
ixgbe_pair
eventually 10 speed_is 10000
at_speed 100 advertise 0x8
at_speed 1000 advertise 0x20
if [ "$CHIP" = x550 ]; then
  at_speed 2500 advertise 0x800000000000
  at_speed 5000 advertise 0x1000000000000
fi
at_speed 1000 speed 1000 duplex full autoneg on
in_a ethtool -s "$A" advertise 0x1020 # of both, what the other has
down_and_up
speed_is 1000 || fail "another speed after down and up"
at_speed 10000 speed 10000 duplex full autoneg on
