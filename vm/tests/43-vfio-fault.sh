# cards: pair --stray-read 7fff0000,500
# timeout: 300
# The card reads from an address that was never mapped for it. The IOMMU refuses, the kernel says so, and so does our
# process; the frame is lost, and no other. (Of the IOMMUs here only Intel's has the kernel say so.)
touch "$OUT/complaints-expected"
configure vfio
give_to_user "$CARD_A" "$CARD_B"
as_user run "pkt-gen -i netmap:b -f rx -n 999 --counters -w 5" "pkt-gen -i netmap:a -f tx -n 1000 --counters -w 5" 2>&1 | tee "$OUT/run"
grep "^a: dma_refused 1$" "$OUT/run" || fail "our process has not noticed"
grep "the card was refused a read of memory" "$OUT/run" || fail "our process did not tell"
grep "^Received 999 packets" "$OUT/run" || fail "not one frame lost"
grep "^b: GPRC 999$" "$OUT/run" || fail "the card let another number in"
kernel_says() { dmesg | grep -E "DMAR: \[DMA Read.*Request device \[01:00.0\] fault addr 0x7fff0000"; }
if [ -e /sys/class/iommu/dmar0 ]; then eventually 30 kernel_says; fi
