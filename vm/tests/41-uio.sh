# cards: pair
# timeout: 400
# Our driver through uio_pci_generic, memory in hugepages at physical addresses; the jar is the one of 40-vfio, the
# configuration file is all that differs.
count=${FRAMES:-1000000}
cat >"$OUT/netmap4j.properties" <<END
nic.a = uio:$CARD_A
nic.b = uio:$CARD_B
nic.b.drop = false
memory.buf-num = 8192
memory.hugetlbfs = /dev/hugepages
END
export NETMAP4J_CONFIG=$OUT/netmap4j.properties
hugepages 64
netmap4j bind --uio "$CARD_A" "$CARD_B"

netmap4j devices
for frames in "$count" 1000; do
  netmap4j run "pkt-gen -i netmap:b -f rx -n $frames --counters -w 5" "pkt-gen -i netmap:a -f tx -n $frames --counters -w 5" 2>&1 |
    tee "$OUT/run.$frames"
  grep -q "^Sent $frames packets" "$OUT/run.$frames" || fail "not everything was sent"
  grep -q "^Received $frames packets" "$OUT/run.$frames" || fail "not everything was received"
  grep -q "^b: GPRC $frames$" "$OUT/run.$frames" || fail "the receiving card counted something else"
  grep -q "^a: GPTC $frames$" "$OUT/run.$frames" || fail "the sending card counted something else"
done
[ -z "$(ls /dev/hugepages)" ] || fail "a clean exit has left $(ls /dev/hugepages)"
[ "$(</proc/sys/vm/nr_hugepages)" = "$(sed -n 's/^HugePages_Free: *//p' /proc/meminfo)" ] || fail "hugepages are still in use"
hugepages 0
