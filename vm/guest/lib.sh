# shellcheck shell=bash
# What the tests in the guest share. They run with "set -eu"; output goes to the test's log. OUT is a folder for what they keep,
# CARD_A and CARD_B are the cards' PCI addresses.

# shellcheck source=../lib.sh
. vm/lib.sh

# driver_of CARD: the kernel driver that has it, or nothing
driver_of() { if [ -e "/sys/bus/pci/devices/$1/driver" ]; then basename "$(readlink "/sys/bus/pci/devices/$1/driver")"; fi; }

# bind CARD DRIVER: gives the card to a kernel driver
bind() {
  local device=/sys/bus/pci/devices/$1
  unbind "$1"
  modprobe "$2"
  echo "$2" >"$device/driver_override"
  echo "$1" >/sys/bus/pci/drivers_probe
  [ "$(driver_of "$1")" = "$2" ] || fail "$1 is bound to '$(driver_of "$1")', not $2"
}
unbind() {
  local device=/sys/bus/pci/devices/$1
  if [ -e "$device/driver" ]; then echo "$1" >"$device/driver/unbind"; fi
  echo >"$device/driver_override"
}

# cards LINE...: does it to the modelled cards (the lines of nic-model --control), and waits until it is done
cards() {
  local before
  before=$(cards_done)
  echo "$*" >>"$BOOT/asks"
  eventually 30 more_done "$before"
}
cards_done() { grep -c ': done$' "$BOOT/cards.log" || true; }
more_done() { [ "$(cards_done)" -gt "$1" ]; }
# modules KIND: into both cages
modules() { cards module 0 "$1"; cards module 1 "$1"; }

hugepages_free() { [ "$(sed -n 's/^HugePages_Free: *//p' /proc/meminfo)" -ge "$1" ]; }
# hugepages COUNT: as many bytes as COUNT of 2 MiB have, in pages of the kernel's default size: that is 2 MiB where small
# pages have 4 KiB, and 32 where they have 16
hugepage_size() { echo $(($(sed -n 's/^Hugepagesize: *\([0-9]*\) kB$/\1/p' /proc/meminfo) << 10)); }
hugepages() {
  local have size count
  size=$(hugepage_size)
  count=$((($1 * (2 << 20) + size - 1) / size))
  echo $count >/proc/sys/vm/nr_hugepages
  have=$(</proc/sys/vm/nr_hugepages)
  [ "$have" -ge $count ] || fail "only $have hugepages of $count"
  eventually 60 hugepages_free $count
}

# ---- the kernel's ixgbe: card A in the namespace "a", card B where the test runs

ADDRESS_A=198.51.100.1
ADDRESS_B=198.51.100.2

in_a() { ip netns exec a "$@"; }
interface_of() { basename "/sys/bus/pci/devices/$1/net/"*; }

# Loads the driver, gives A an address, brings it up. Sets A to the interface's name.
ixgbe_a() {
  sysctl -qw net.ipv6.conf.default.disable_ipv6=1 # its multicasts would be sent and, rightly, not received
  modprobe ixgbe
  A=$(interface_of "$CARD_A")
  ip netns add a
  in_a sysctl -qw net.ipv6.conf.default.disable_ipv6=1
  ip link set "$A" netns a
  in_a ip addr add "$ADDRESS_A/24" dev "$A"
  in_a ip link set "$A" up
}
# The same with both, waits for the link. Sets A and B.
ixgbe_pair() {
  ixgbe_a
  B=$(interface_of "$CARD_B")
  ip addr add "$ADDRESS_B/24" dev "$B"
  ip link set "$B" up
  link_up
}

link_up() {
  eventually 60 carrier 1 in_a cat "/sys/class/net/$A/carrier"
  eventually 60 carrier 1 cat "/sys/class/net/$B/carrier"
}
carrier() { [ "$("${@:2}")" = "$1" ]; }
# speed_is MBITS: at both ends
speed_is() { [ "$(cat "/sys/class/net/$B/speed") $(in_a cat "/sys/class/net/$A/speed")" = "$1 $1" ]; }
# at_speed MBITS OPTION...: both ends are set by "ethtool -s", their link has this speed and carries frames
at_speed() {
  in_a ethtool -s "$A" "${@:2}"
  ethtool -s "$B" "${@:2}"
  eventually 60 speed_is "$1"
  link_up
  answered 2 -i 0.2 -W 5 "$ADDRESS_A"
}
# B goes down and comes up again, and A notices.
down_and_up() {
  ip link set "$B" down
  eventually 30 carrier 0 in_a cat "/sys/class/net/$A/carrier"
  ip link set "$B" up
  link_up
  answered 2 -i 0.2 -W 5 "$ADDRESS_A"
}

# statistic INTERFACE NAME: what ethtool -S says of A or B
statistic() {
  local run=
  if [ "$1" = "$A" ]; then run=in_a; fi
  $run ethtool -S "$1" | sed -n "s/^ *$2: //p"
}

# What crosses the cable between these two is counted alike on both sides, by the cards' own counters.
count_from_here() {
  sent_a=$(statistic "$A" tx_pkts_nic) sent_b=$(statistic "$B" tx_pkts_nic)
  received_a=$(statistic "$A" rx_pkts_nic) received_b=$(statistic "$B" rx_pkts_nic)
}
counts_agree() {
  local name
  eventually 30 same_counts
  for name in rx_errors tx_errors rx_crc_errors rx_missed_errors rx_csum_offload_errors rx_no_dma_resources rx_length_errors; do
    [ "$(statistic "$A" $name) $(statistic "$B" $name)" = "0 0" ] || fail "$name: $(statistic "$A" $name) and $(statistic "$B" $name)"
  done
  echo "frames from A $(($(statistic "$A" tx_pkts_nic) - sent_a)), from B $(($(statistic "$B" tx_pkts_nic) - sent_b)): all counted by the other"
}
same_counts() {
  [ $(($(statistic "$A" tx_pkts_nic) - sent_a)) = $(($(statistic "$B" rx_pkts_nic) - received_b)) ] \
    && [ $(($(statistic "$B" tx_pkts_nic) - sent_b)) = $(($(statistic "$A" rx_pkts_nic) - received_a)) ]
}

# iperf OPTION...: from B to A (-R: from A to B), output in the log
iperf() {
  in_a iperf3 -s -1 >"$OUT/iperf-server" &
  eventually 60 listening 5201
  timeout 120 iperf3 -c "$ADDRESS_A" -i 0 "$@"
  wait $!
}
listening() { [ -n "$(in_a ss -Hltn "sport = :$1")" ]; }

# answered COUNT OPTION...: pings from here, each of them answered; ping itself does not wait long for the last answer
answered() {
  local before
  before=$(replies)
  ping -q -c "$@"
  eventually 30 more_replies "$before" "$1"
}
replies() { nstat -asz IcmpInEchoReps | awk '/^Icmp/ { print $2 }'; }
more_replies() { [ $(($(replies) - $1)) = "$2" ]; }

# What a test leaves is taken away: namespaces, drivers, hugepages.
leave() {
  local name
  jobs -p | xargs -r kill -9 2>/dev/null || true
  for name in $(ip netns list | cut -d ' ' -f 1); do ip netns del "$name"; done
  for name in "$CARD_A" "$CARD_B"; do if [ -e "/sys/bus/pci/devices/$name" ]; then unbind "$name"; fi; done
  if [ -e /sys/module/ixgbe ]; then rmmod ixgbe; fi
  rm -f /dev/hugepages/* # DPDK leaves its files
  echo 0 >/proc/sys/vm/nr_hugepages
}
trap leave EXIT

# ---- DPDK's testpmd

# pmd PREFIX CPU CARD... [-- OPTION...]: a testpmd on one processor, with the commands on its standard input
pmd() {
  local prefix=$1 cpu=$2 arguments=()
  shift 2
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    arguments+=(-a "$1")
    shift
  done
  if [ $# -gt 0 ]; then shift; fi
  timeout 500 stdbuf -oL dpdk-testpmd --lcores "0@$cpu,1@$cpu" --file-prefix "$prefix" --no-telemetry -m 64 --log-level=pmd.net.ixgbe.*:6 \
    "${arguments[@]}" -- -i --total-num-mbufs=8192 "$@"
}

# commands LOG START [LAST...]: for the standard input of a testpmd that prints to LOG: START, 4 s of traffic, the counts, LAST, the end
commands() {
  echo "$2"
  forwards "$1"
  sleep 4
  echo stop
  eventually 60 grep -qs '^Done\.' "$1"
  sleep 1 # what is on its way arrives
  printf '%s\n' "show port stats all" "${@:3}" quit
}
forwards() { eventually 300 grep -qs " packet forwarding - " "$1"; }

# port_count LOG PORT NAME: the last value of, say, TX-packets in what "show port stats" printed
port_count() {
  awk -v port="$2" -v name="$3:" '
    /NIC statistics for port/ { here = $(NF - 1) == port }
    here { for (i = 1; i < NF; i++) if ($i == name) value = $(i + 1) }
    END { print value }' "$1"
}

# same_count WHAT SENT RECEIVED: and not next to nothing
same_count() {
  echo "$1: sent $2, received $3"
  [ "$2" = "$3" ] || fail "$1: sent $2, received $3"
  [ "$2" -ge 200 ] || fail "$1: only $2"
}

# dpdk_both LOG OPTION...: a testpmd forwards between the cards; what one has sent the other has received
dpdk_both() {
  commands "$1" "start tx_first" "show port info 0" | pmd both 1 "$CARD_A" "$CARD_B" -- "${@:2}" >"$1" 2>&1
  same_count "A to B" "$(port_count "$1" 0 TX-packets)" "$(port_count "$1" 1 RX-packets)"
  same_count "B to A" "$(port_count "$1" 1 TX-packets)" "$(port_count "$1" 0 RX-packets)"
}

# dpdk_forwards DRIVER: what DPDK's driver does with the cards by way of a kernel driver
dpdk_forwards() {
  local driver=$1 mode log queue packets
  hugepages 160
  bind "$CARD_A" "$driver"
  bind "$CARD_B" "$driver"

  for mode in io macswap; do
    log=$OUT/$mode
    dpdk_both "$log" --forward-mode=$mode
    grep "IOVA mode" "$log"
    grep 'Link speed: 10 Gbps' "$log" || fail "not 10 Gbit/s"
  done

  # One process sends many flows, another one spreads them over four queues.
  mkfifo /tmp/commands
  log=$OUT/rxonly
  pmd receiver 0 "$CARD_B" -- --forward-mode=rxonly --rxq=4 --txq=4 --rss-udp </tmp/commands >"$log" 2>&1 &
  exec 5>/tmp/commands
  rm /tmp/commands
  echo start >&5
  forwards "$log"
  commands "$OUT/txonly" start | pmd sender 1 "$CARD_A" -- --forward-mode=txonly --txonly-multi-flow >"$OUT/txonly" 2>&1
  sleep 1
  printf 'stop\nshow port stats all\nquit\n' >&5
  exec 5>&-
  wait $!
  same_count "txonly to rxonly" "$(port_count "$OUT/txonly" 0 TX-packets)" "$(port_count "$log" 0 RX-packets)"
  for queue in 0 1 2 3; do
    packets=$(grep -A 1 "Forward Stats for RX Port= 0/Queue= $queue " "$log" | awk '/RX-packets/ { print $2 }')
    echo "RSS queue $queue: $packets"
    [ "${packets:-0}" -gt 20 ] || fail "queue $queue has received $packets"
  done
}

# ---- our own driver

export NETMAP4J_NO_BUILD=1
netmap4j() { /project/netmap4j "$@"; }
# fired: interrupts that vfio-pci and uio have had
fired() { awk '/vfio|uio/ { for (i = 2; i <= 3; i++) n += $i } END { print n + 0 }' /proc/interrupts; }

# configure BACKEND [SUFFIX]: the cards are ports a and b through vfio or uio. The file is all that tells one from the other.
configure() {
  export NETMAP4J_CONFIG=$OUT/netmap4j.properties
  cat >"$NETMAP4J_CONFIG" <<END
nic.a = $1:$CARD_A
nic.b = $1:$CARD_B${2:-}
nic.b.drop = false
memory.buf-num = 8192
END
  if [ "$1" = uio ]; then echo 'memory.hugetlbfs = /dev/hugepages' >>"$NETMAP4J_CONFIG"; fi
}

# give_to_user CARD...: vfio-pci for the cards, their groups for user 1000
give_to_user() {
  local card
  for card in "$@"; do
    bind "$card" vfio-pci
    chown 1000 "/dev/vfio/$(basename "$(readlink "/sys/bus/pci/devices/$card/iommu_group")")"
  done
  ulimit -l unlimited
}
as_user() { HOME=/tmp setpriv --reuid=1000 --regid=1000 --clear-groups /project/netmap4j "$@"; }

# accounted FRAMES COMMAND: so many frames from a to b by COMMAND, each counted by both programs and by both cards
accounted() {
  local log=$OUT/run.$1
  $2 run "pkt-gen -i netmap:b -f rx -n $1 --counters -w 5" "pkt-gen -i netmap:a -f tx -n $1 --counters -w 5" 2>&1 | tee "$log"
  grep -q "^Sent $1 packets" "$log" || fail "not everything was sent"
  grep -q "^Received $1 packets" "$log" || fail "not everything was received"
  grep -q "^b: GPRC $1$" "$log" || fail "the receiving card counted something else"
  grep -q "^a: GPTC $1$" "$log" || fail "the sending card counted something else"
}

# ---- what vm/traces keeps: a driver from probe to first packet to its end, and nothing else

# trace_linux [MODULE...]: the kernel's driver; with each module in place of the one before
trace_linux() {
  local module
  echo "ixgbe of Linux $(uname -r)" >"$OUT/driver"
  if [ $# -gt 0 ]; then modules "$1"; fi
  ixgbe_pair
  for module in "${@:2}"; do
    modules absent
    eventually 60 carrier 0 cat "/sys/class/net/$B/carrier"
    modules "$module"
    link_up
  done
  in_a ping -q -c 3 -i 0.2 -W 5 "$ADDRESS_B"
  in_a ip link set "$A" down
  ip link set "$B" down
  leave
}

# trace_dpdk [MODULE...]: DPDK's driver, two queues; anew with each module
trace_dpdk() {
  local module log sent received
  echo "testpmd of DPDK $(dpkg-query -W -f '${Version}' dpdk), through vfio-pci" >"$OUT/driver"
  hugepages 160
  bind "$CARD_A" vfio-pci
  bind "$CARD_B" vfio-pci
  for module in "${@:-as-it-is}"; do
    log=$OUT/testpmd.$module
    if [ "$module" != as-it-is ]; then modules "$module"; fi
    commands "$log" "start tx_first" "port stop all" "port close all" \
      | pmd both 1 "$CARD_A" "$CARD_B" -- --rxq=2 --txq=2 >"$log" 2>&1
    sent=$(port_count "$log" 0 TX-packets) received=$(port_count "$log" 1 RX-packets)
    [ "${sent:-0}" -gt 0 ] && [ "$sent" = "$received" ] || fail "sent $sent, received $received"
  done
}

# trace_ours: two queues, sleeping on interrupts
trace_ours() {
  echo "netmap4j's driver, through vfio-pci" >"$OUT/driver"
  configure vfio
  printf '%s\n' 'nic.a.rings = 2' 'nic.a.wait = interrupt' 'nic.b.wait = interrupt' >>"$NETMAP4J_CONFIG"
  bind "$CARD_A" vfio-pci
  bind "$CARD_B" vfio-pci
  ulimit -l unlimited
  netmap4j run "pkt-gen -i netmap:a/R -f rx -n 100 -w 5" "pkt-gen -i netmap:b/R -f rx -n 100 -w 5" \
    "pkt-gen -i netmap:a/T -f tx -n 100 -w 5" "pkt-gen -i netmap:b/T -f tx -n 100 -w 5" 2>&1 | tee "$OUT/run"
  [ "$(grep -c "^Received 100 packets" "$OUT/run")" = 2 ] || fail "not everything was received"
}

# pages_of PROCESS: the physical addresses of its hugepages in steps of 2 MiB, as the kernel says
pages_of() {
  local range at small
  small=$(getconf PAGESIZE)
  while read -r range _; do
    for ((at = 16#${range%-*}; at < 16#${range#*-}; at += 2 << 20)); do
      # bits 0 to 54 of an entry of 8 bytes are the number of the small page
      printf '%x\n' $(((16#$(dd if="/proc/$1/pagemap" bs=8 skip=$((at / small)) count=1 status=none | od -An -t x8 | tr -d ' ') & (1 << 55) - 1) * small))
    done
  done < <(grep -F ' /dev/hugepages/' "/proc/$1/maps")
}
