# cards: pair --sfp
# timeout: 240
# short: no
# A file of 100 MB arrives as it was.
ixgbe_pair
head -c 100M /dev/urandom >/tmp/file
count_from_here
in_a busybox nc -l -p 9000 </tmp/file &
eventually 60 listening 9000
timeout 120 bash -c "exec 3<>/dev/tcp/$ADDRESS_A/9000 && cat <&3 >/tmp/copy"
wait $!
counts_agree
sha256sum /tmp/file /tmp/copy
cmp /tmp/file /tmp/copy
rm /tmp/file /tmp/copy
