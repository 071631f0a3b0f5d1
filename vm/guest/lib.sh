# shellcheck shell=bash
# What the tests share. They run with "set -eu"; output goes to the test's log. OUT is a folder for what they keep.

export CARD_A=0000:01:00.0
export CARD_B=0000:02:00.0

# fail WHAT...: ends the test; skip WHY...: ends it as skipped
fail() { echo "FAILED: $*"; exit 1; }
skip() { echo "$*"; exit 77; }

# eventually SECONDS COMMAND...: until the command succeeds
eventually() {
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    if [ $SECONDS -ge $until ]; then fail "not within the time: $*"; fi
    sleep 0.1
  done
}

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

# hugepages COUNT: of 2 MiB
hugepages() {
  echo "$1" >/proc/sys/vm/nr_hugepages
  local have
  have=$(</proc/sys/vm/nr_hugepages)
  [ "$have" -ge "$1" ] || fail "only $have hugepages of $1"
}

netmap4j() { NETMAP4J_NO_BUILD=1 /project/netmap4j "$@"; }
