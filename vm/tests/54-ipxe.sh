# runs: host
# chips: 82599 x540 x550
# short: 82599
# kernels: amd64
# timeout: 150
# Debian's iPXE boots on a strict card, by its driver intelx, others' reading of the datasheet, and gets an address by DHCP and a
# file by TFTP from dnsmasq, by way of a TAP interface. The file is a script of sums: what is printed at its end is right only if
# each of its numbers arrived. (A namespace of its own holds the interface; the programs are the guest's.)
address=198.51.100.1
case $CHIP in
  82599) id=10fb name=82599-sfp ;;
  x540) id=1528 name=x540t ;;
  x550) id=1563 name=x550t2 ;;
esac
[ -c /dev/net/tun ] || skip "no /dev/net/tun: modprobe tun"
command -v ip >/dev/null || skip "no ip: apt-get install iproute2"

./netmap4j nic-model -s "$sockets/ipxe" --device-id "$id" --wire tap:ipxe,up --trace "$OUT/trace" >"$OUT/cards.log" 2>&1 &
cards=$!
eventually 60 grep -q '^ready' "$OUT/cards.log"
ip addr add "$address/24" dev ipxe

mkdir -p "$OUT/tftp"
sum=$(awk -v file="$OUT/tftp/sums.ipxe" 'BEGIN {
  print "#!ipxe\nset sum:uint32 0" >file
  for (i = 0; i < 16000; i++) {
    number = 10000 + int(rand() * 90000)
    sum += number
    print "inc sum " number >file
  }
  print "echo sum is ${sum:uint32}\nsleep 1\nreboot" >file
  print sum
}')
ls -l "$OUT/tftp"
(from_guest /usr/sbin/dnsmasq --no-daemon --conf-file=/dev/null --user=root --port=0 --interface=ipxe --bind-interfaces \
  --dhcp-range=198.51.100.10,198.51.100.20 --dhcp-leasefile="$OUT/leases" --enable-tftp --tftp-root="$OUT/tftp") >"$OUT/dnsmasq" 2>&1 &

printf '#!ipxe\nifstat\ndhcp && chain tftp://%s/sums.ipxe || ifstat\nsleep 1\nreboot\n' "$address" >"$OUT/script.ipxe"
machine "$sockets/ipxe"
(qemu "${options[@]}" -machine graphics=off -kernel "$guest/root/usr/lib/ipxe/ipxe.lkrn" -initrd "$OUT/script.ipxe" -serial "file:$OUT/console")
cat "$OUT/console"

kill "$cards"
wait "$cards" || true
cat "$OUT/cards.log"
grep -q '^wire: lost' "$OUT/cards.log" || fail "the card's server ended without its report"
! grep -q 'broken rules' "$OUT/cards.log" || fail "rules of the card were broken"
grep -q "$name" "$OUT/console" || fail "iPXE has not found the card"
grep -q "$(printf 'sum is 0x%x' "$sum")" "$OUT/console" || fail "not the file that was sent: its sum is $(printf '0x%x' "$sum")"
