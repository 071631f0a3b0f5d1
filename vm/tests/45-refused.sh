# cards: pair --lenient
# kernels: amd64
# timeout: 300
# classes: Mixture
# breaks: DCA_RXCTRL bit 12 must be written 0
# Good packets and bad ones in any order from our driver, by way of vfio-pci; at the other end of the cable DPDK's
# testpmd receives, and prints each frame: the good ones are there, to the frame, and nothing else.
configure vfio
hugepages 160
bind "$CARD_A" vfio-pci
bind "$CARD_B" vfio-pci
mkfifo /tmp/commands
log=$OUT/rxonly
pmd receiver 0 "$CARD_B" -- --forward-mode=rxonly </tmp/commands >"$log" 2>&1 &
exec 5>/tmp/commands
rm /tmp/commands
printf 'set verbose 1\nstart\n' >&5
forwards "$log"

ulimit -l unlimited
# One compiler and the collector of ./netmap4j: where two compilers replace each other's code under QEMU, a JVM once met half of
# an instruction (SIGILL at a method's entry).
java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "/out/classes:/project/apps/target/lib/*:/project/apps/target/netmap4j.jar" Mixture netmap:a 3000 1 >"$OUT/sent" 2>"$OUT/mixture" \
  || { cat "$OUT/mixture"; fail "the sender found fault"; }
tail -n 1 "$OUT/mixture"
received() {
  tr -d ',' <"$log" | sed -nE 's/.*src=(02:00:[0-9A-F:]*) - dst=.* - length=([0-9]+) .*/\1 \2/p' >"$OUT/received"
  [ "$(wc -l <"$OUT/received")" -ge "$(wc -l <"$OUT/sent")" ]
}
eventually 60 received
sleep 2 # what should not come
printf 'stop\nshow port stats all\nquit\n' >&5
exec 5>&-
wait $!
received
cmp "$OUT/sent" "$OUT/received" || fail "what was received differs from what was sent"
same_count "our mixture to DPDK" "$(wc -l <"$OUT/sent")" "$(port_count "$log" 0 RX-packets)"
