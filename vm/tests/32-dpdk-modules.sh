# kernels: amd64
# cards: pair --link module=absent --lenient
# timeout: 600
# short: no
# breaks: DCA_RXCTRL bit 12 must be written 0
# DPDK's driver with each kind of module: its link's speed, and frames both ways.
hugepages 160
bind "$CARD_A" vfio-pci
bind "$CARD_B" vfio-pci
for module in 10g-sr 10g-lr dac active-dac 1g-sx 1g-lx dual-rate; do
  log=$OUT/$module
  modules $module
  dpdk_both "$log" --forward-mode=io
  case $module in
    1g-*) speed='1 Gbps' ;;
    dual-rate) speed='10? Gbps' ;; # at which both tries met first
    *) speed='10 Gbps' ;;
  esac
  echo "$module: $(grep -E "^Link speed: $speed" "$log")" || fail "$module: $(grep '^Link speed' "$log"), not $speed"
done
