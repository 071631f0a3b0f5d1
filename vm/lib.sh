# shellcheck shell=bash
# What all tests share, in the guest and on the host.

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
