# cards: e1000e
# What the other tests rely on, shown with a card of QEMU's own: binding, hugepages, Java, DPDK.
lspci -nn
[[ $(lspci -n -s "$CARD_A") == *8086:10d3* ]] || fail "no e1000e at $CARD_A"

bind "$CARD_A" vfio-pci
group=$(basename "$(readlink "/sys/bus/pci/devices/$CARD_A/iommu_group")")
[ -c "/dev/vfio/$group" ] || fail "no /dev/vfio/$group"
unbind "$CARD_A"
[ ! -e "/dev/vfio/$group" ] || fail "/dev/vfio/$group is still there"

bind "$CARD_A" uio_pci_generic
[ -c /dev/uio0 ] || fail "no /dev/uio0"
unbind "$CARD_A"

hugepages 64
hugepages 0

modinfo -F filename ixgbe
java -version
[ "$(uname -m)" != x86_64 ] || dpdk-testpmd --help >"$OUT/testpmd-help"
