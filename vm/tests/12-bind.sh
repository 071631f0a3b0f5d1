# cards: e1000e
# timeout: 400
# netmap4j bind and unbind, on a real kernel: there and back, and not when somebody uses the interface.
modprobe e1000e
if [ -z "$(driver_of "$CARD_A")" ]; then echo "$CARD_A" >/sys/bus/pci/drivers_probe; fi # a second attempt finds it unbound
[ "$(driver_of "$CARD_A")" = e1000e ] || fail "the kernel's driver did not take the card"
name=$(ls "/sys/bus/pci/devices/$CARD_A/net")
ip link set "$name" up
netmap4j bind --vfio "$CARD_A" >"$OUT/used" 2>&1 && fail "an interface that is up was taken away"
grep "ip link set $name down" "$OUT/used"
ip link set "$name" down

netmap4j bind --vfio "$CARD_A"
[ "$(driver_of "$CARD_A")" = vfio-pci ] || fail "not bound to vfio-pci"
netmap4j bind --uio "$CARD_A"
[ "$(driver_of "$CARD_A")" = uio_pci_generic ] || fail "not bound to uio_pci_generic"
netmap4j bind --driver no-such-driver "$CARD_A" && fail "a driver that is not there"
[ "$(driver_of "$CARD_A")" = uio_pci_generic ] || fail "a bind that failed has taken the card away"
netmap4j unbind "$CARD_A"
[ -z "$(driver_of "$CARD_A")" ] || fail "still bound"
[ "$(<"/sys/bus/pci/devices/$CARD_A/driver_override")" = "(null)" ] || fail "unbound, but kept for a driver"
netmap4j bind --kernel "$CARD_A"
[ "$(driver_of "$CARD_A")" = e1000e ] || fail "not back with the kernel"
index=$(cat "/sys/bus/pci/devices/$CARD_A/net/"*/ifindex)
netmap4j bind --kernel "$CARD_A"
[ "$(cat "/sys/bus/pci/devices/$CARD_A/net/"*/ifindex)" = "$index" ] || fail "what the kernel had was taken from it"
