# cards: pair
# timeout: 400
# Our driver through vfio-pci, behind the IOMMU, as a user who owns nothing but the two groups. Every frame is accounted
# for by the cards' counters; a second run finds them as the first has left them.
count=${FRAMES:-1000000}
cat >"$OUT/netmap4j.properties" <<END
nic.a = vfio:$CARD_A
nic.b = vfio:$CARD_B
nic.b.drop = false
memory.buf-num = 8192
END
for card in "$CARD_A" "$CARD_B"; do
  bind "$card" vfio-pci
  chown 1000 "/dev/vfio/$(basename "$(readlink "/sys/bus/pci/devices/$card/iommu_group")")"
done
ulimit -l unlimited

ordinary() {
  NETMAP4J_CONFIG="$OUT/netmap4j.properties" NETMAP4J_NO_BUILD=1 HOME=/tmp \
    setpriv --reuid=1000 --regid=1000 --clear-groups /project/netmap4j "$@"
}

ordinary devices
for frames in "$count" 1000; do
  ordinary run "pkt-gen -i netmap:b -f rx -n $frames --counters -w 5" "pkt-gen -i netmap:a -f tx -n $frames --counters -w 5" 2>&1 |
    tee "$OUT/run.$frames"
  grep -q "^Sent $frames packets" "$OUT/run.$frames" || fail "not everything was sent"
  grep -q "^Received $frames packets" "$OUT/run.$frames" || fail "not everything was received"
  grep -q "^b: GPRC $frames$" "$OUT/run.$frames" || fail "the receiving card counted something else"
  grep -q "^a: GPTC $frames$" "$OUT/run.$frames" || fail "the sending card counted something else"
done

# Without the right to lock the region, what is missing is said.
(ulimit -l 64 && ordinary pkt-gen -i netmap:b -f rx -n 1) >"$OUT/memlock" 2>&1 && fail "locked memory without the right to"
grep -q "ulimit -l" "$OUT/memlock" || fail "no word of ulimit: $(<"$OUT/memlock")"
