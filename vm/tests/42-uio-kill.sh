# cards: pair
# timeout: 1500
# A receiver is killed in full traffic, again and again, half of the times on a card that no kernel driver has, where
# nothing but our next start ends its DMA. Until that, every page the card touches is one that the dead process held and
# that its files still hold. The sender goes on all the time.
rounds=${KILLS:-4}
[ "$rounds" -ge 2 ] || fail "KILLS=$rounds: half of them on a card without a driver, so 2 or more"
configure uio
hugepages 96
bind "$CARD_A" uio_pci_generic
bind "$CARD_B" uio_pci_generic
/project/netmap4j pkt-gen -i netmap:a -f tx -R 5000 -w 5 >"$OUT/sender" 2>&1 &
sender=$!

# lines: how many lines of the card's log of pages so far
lines() { wc -l <"$BOOT/dma-pages"; }
# card_b_off LINE: the number of the first line after LINE that says "off" for card B
card_b_off() { awk -v from="$1" 'NR > from && /^1 dma off/ { print NR; exit }' "$BOOT/dma-pages"; }
went_off() { [ -n "$(card_b_off "$1")" ]; }

# check ROUND FIRST KILLED: what the card touched since line FIRST until the first "off" after line KILLED
check() {
  local last touched
  eventually 120 went_off "$3"
  last=$(card_b_off "$3")
  sed -n "$(($2 + 1)),${last}s/^1 page \([^ ]*\) .*/\1/p" "$BOOT/dma-pages" | sort -u >"$OUT/touched"
  touched=$(wc -l <"$OUT/touched")
  [ "$touched" -gt 0 ] || fail "round $1: the card touched nothing"
  if comm -23 "$OUT/touched" "$OUT/held.$1" | grep .; then fail "round $1: the card touched these pages, which the process did not hold"; fi
  echo "round $1: killed with $(wc -l <"$OUT/held.$1") pages, $touched of them touched, no other"
  first=$last
}

first=$(lines) killed=
for ((round = 1; round <= rounds; round++)); do
  if [ "$round" = $((rounds / 2 + 1)) ]; then
    unbind "$CARD_B"
    configure uio ,unbound
    check $((round - 1)) "$first" "$killed"
    killed=
  fi
  /project/netmap4j pkt-gen -i netmap:b -f rx -w 5 >"$OUT/receiver" 2>&1 &
  receiver=$!
  eventually 300 grep -qE '^main_thread.* [1-9][0-9.]* K?pps' "$OUT/receiver"
  if [ -n "$killed" ]; then check $((round - 1)) "$first" "$killed"; fi
  [ -z "$(ls /dev/hugepages | grep -F "@$CARD_B" | grep -vF -- "-$receiver-")" ] || fail "left-overs of an earlier round: $(ls /dev/hugepages)"
  pages_of $receiver | sort -u >"$OUT/held.$round"
  files=$(ls /dev/hugepages)
  killed=$(lines)
  kill -9 $receiver
  wait $receiver || true
  [ "$(ls /dev/hugepages)" = "$files" ] || fail "the pages' files did not outlive their process: $files; $(ls /dev/hugepages)"
  sleep 0.5 # frames go on coming
done
kill $sender
wait $sender || true
accounted 1000 netmap4j
check "$rounds" "$first" "$killed"
[ -z "$(ls /dev/hugepages)" ] || fail "a clean exit has left $(ls /dev/hugepages)"
