# cards: pair
# timeout: 900
# Our driver through vfio-pci, behind the IOMMU, as a user who owns nothing but the two groups. Every frame is accounted
# for by the cards' counters; a second run finds them as the first has left them.
configure vfio
give_to_user "$CARD_A" "$CARD_B"
as_user devices
accounted "${FRAMES:-1000000}" as_user
accounted 1000 as_user

# Without the right to lock the region, what is missing is said.
(ulimit -l 64 && as_user pkt-gen -i netmap:b -f rx -n 1) >"$OUT/memlock" 2>&1 && fail "locked memory without the right to"
grep -q "ulimit -l" "$OUT/memlock" || fail "no word of ulimit: $(<"$OUT/memlock")"
