# cards: pair --link module=absent --lenient
# timeout: 300
# breaks: ^read of undefined register
# Modules put into the cages of the kernel's driver and pulled out again: it finds each, brings its link up with that module's
# set-up, and shows it to ethtool; then link down and up, and a dual-rate module at 10 and at 1 Gbit/s.
both() { cards module 0 "$1"; cards module 1 "$1"; }
shown() { ethtool -m "$B" >"$OUT/$1" 2>&1; } # "busy" while the driver sets the module up
speed_is() { [ "$(cat "/sys/class/net/$B/speed")" = "$1" ]; }

both 10g-sr
ixgbe_pair
for module in 10g-sr 10g-lr dac 1g-sx dual-rate; do
  if [ $module != 10g-sr ]; then
    both absent
    eventually 60 carrier 0 cat "/sys/class/net/$B/carrier"
    both $module
    link_up
  fi
  eventually 30 shown $module
  case $module in
    10g-sr) eventually 10 speed_is 10000 && grep -q '10G Ethernet: 10G Base-SR' "$OUT/$module" && grep -q 'Module temperature .*30\.00' "$OUT/$module" ;;
    10g-lr) eventually 10 speed_is 10000 && grep -q '10G Ethernet: 10G Base-LR' "$OUT/$module" && grep -q 'wavelength .*1310nm' "$OUT/$module" ;;
    dac) eventually 10 speed_is 10000 && grep -q 'Passive Cable' "$OUT/$module" ;;
    1g-sx) eventually 10 speed_is 1000 && grep -q 'Ethernet: 1000BASE-SX' "$OUT/$module" ;;
    dual-rate) grep -q 'codes .*: 0x10 0x00 0x00 0x01' "$OUT/$module" ;; # at the speed at which both tries met first
  esac || fail "$module: $(cat "/sys/class/net/$B/speed"), $(cat "$OUT/$module")"
  answered 2 -i 0.2 -W 5 "$ADDRESS_A"
  echo "$module: $(cat "/sys/class/net/$B/speed")"
done

for speed in 1000:0x20 10000:0x1000; do
  in_a ethtool -s "$A" advertise "${speed#*:}"
  ethtool -s "$B" advertise "${speed#*:}"
  link_up
  eventually 60 speed_is "${speed%:*}"
  link_up
  answered 2 -i 0.2 -W 5 "$ADDRESS_A"
done

ip link set "$B" down
eventually 30 carrier 0 in_a cat "/sys/class/net/$A/carrier"
ip link set "$B" up
link_up
answered 2 -i 0.2 -W 5 "$ADDRESS_A"
