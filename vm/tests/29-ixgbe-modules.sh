# cards: pair --link module=absent --lenient
# short: no
# timeout: 300
# breaks: ^read of undefined register
# Modules put into the cages of the kernel's driver and pulled out again: it finds each, brings its link up with that module's
# set-up, and shows it to ethtool; then link down and up, and a dual-rate module at 10 and at 1 Gbit/s.
shown() { ethtool -m "$B" >"$OUT/$1" 2>&1; } # "busy" while the driver sets the module up

modules 10g-sr
ixgbe_pair
for module in 10g-sr 10g-lr dac 1g-sx dual-rate; do
  if [ $module != 10g-sr ]; then
    modules absent
    eventually 60 carrier 0 cat "/sys/class/net/$B/carrier"
    modules $module
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

at_speed 1000 advertise 0x20
at_speed 10000 advertise 0x1000
at_speed 1000 speed 1000 duplex full autoneg on
down_and_up # a module that is set up anew is set up for all its speeds (ixgbe_sfp_link_config_subtask)
