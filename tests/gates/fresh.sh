#!/usr/bin/env bash
# fresh.sh [COMMAND]: the README's commands, or another one, on a new machine: in a clone of the last commit, in a minimal Debian that holds nothing
# of ours. Needs root. Nothing of that machine is left, however this ends.
. "$(dirname "$0")/common.sh"
[ "$(id -u)" = 0 ] || skip "a Debian is put into a folder by root"
bash tests/gates/setup.sh fresh
root=$BUILD/fresh
rm -rf --one-file-system "$root"

remove() {
  # With its first process, all others end, and its mounts.
  while kill -0 "$machine" 2>/dev/null; do
    pkill -KILL -P "$machine" || true
    sleep 0.1
  done
  rm -rf --one-file-system "$root" "$root.log"
}
# The demo comes first: it must find what it needs where nothing else was installed.
unshare --mount --pid --fork --kill-child --mount-proc -- bash tests/gates/new_machine.sh "$root" "${1:-make demo && make test}" &
machine=$!
trap remove EXIT
wait "$machine"
