# cards: pair
# timeout: 900
# Our driver through uio_pci_generic, memory in hugepages at physical addresses; the jar is the one of 40-vfio, the
# configuration file is all that differs.
configure uio
hugepages 64
netmap4j bind --uio "$CARD_A" "$CARD_B"

netmap4j devices
accounted "${FRAMES:-1000000}" netmap4j
accounted 1000 netmap4j
[ -z "$(ls /dev/hugepages)" ] || fail "a clean exit has left $(ls /dev/hugepages)"
[ "$(</proc/sys/vm/nr_hugepages)" = "$(sed -n 's/^HugePages_Free: *//p' /proc/meminfo)" ] || fail "hugepages are still in use"
