# cards: pair
# timeout: 900
# What waiting costs, and what waking costs: an idle receiver's share of a processor, and round trips between two
# programs that sleep in between, for each way of waiting and both backends. Interrupts are the kernel's count.
# (Times are those of an emulated machine: they compare with each other and with nothing else.)

# used PROCESS, waited PROCESS: hundredths of a second of processor time so far, of all of it and of its thread that waits
used() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
waited() { awk '$2 == "(pong)" { n += $14 + $15 } END { print n }' "/proc/$1/task"/*/stat; }
# percent HUNDREDTHS: of the time since $began, in 0.01 %
percent() { echo $(($1 * 100000000 / (${EPOCHREALTIME/./} - ${began/./}))); }
words() { echo "$(($1 / 100)).$(printf %02d $(($1 % 100))) %"; }

hugepages 96
for backend in vfio uio; do
  for card in "$CARD_A" "$CARD_B"; do
    if [ $backend = vfio ]; then bind "$card" vfio-pci; else bind "$card" uio_pci_generic; fi
  done
  if [ $backend = vfio ]; then modes='spin adaptive interrupt'; else modes='spin interrupt'; fi # adaptive asks the backend for nothing else
  for mode in $modes; do
    configure $backend
    printf 'nic.a.wait = %s\nnic.b.wait = %s\n' $mode $mode >>"$NETMAP4J_CONFIG"
    log=$OUT/$backend-$mode
    /project/netmap4j pkt-gen -i netmap:b -f pong >"$log.pong" 2>&1 &
    pong=$!
    eventually 60 grep -qs '^main_thread' "$log.pong" # else the first ping may find no receiver
    before=$(fired)
    netmap4j pkt-gen -i netmap:a -f ping -n 100 -R 50 -w 5 >"$log" 2>&1 || { cat "$log"; fail "ping"; }
    interrupts=$(($(fired) - before))
    from=$(waited $pong) all=$(used $pong) began=$EPOCHREALTIME
    sleep 3
    share=$(percent $(($(waited $pong) - from))) all=$(percent $(($(used $pong) - all)))
    kill $pong
    wait $pong || true
    echo "$backend $mode: idle $(words $all) of a processor, the thread that waits $(words $share), $interrupts interrupts"
    cat "$log"
    grep -q "100 came back, 0 lost" "$log" || fail "a ping is lost"
    case $mode in
      spin) spinning=$share; [ $interrupts = 0 ] || fail "$interrupts interrupts, and nobody sleeps" ;;
      *)
        [ $((share * 2)) -lt $spinning ] || fail "an idle receiver takes $share, one that spins $spinning"
        # The adaptive one looks for a while before it sleeps, and here the answer often comes meanwhile.
        least=$([ $mode = adaptive ] && echo 1 || echo 75)
        [ $interrupts -ge "$least" ] || fail "only $interrupts interrupts have woken 200 waits"
        ;;
    esac
  done
done
