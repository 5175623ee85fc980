# Sourced by every gate and by setup: where things are, and how a gate says that it cannot run.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=$ROOT/build
cd "$ROOT"

# An ordinary user of Debian has no sbin in the path, where ip and nft live.
export PATH="$ROOT/.venv/bin:$PATH:/usr/sbin:/sbin"
export ANSIBLE_HOME="$BUILD/ansible_home"
export ANSIBLE_COLLECTIONS_PATH="$BUILD/collections"
# Half the processes for each task on a simulated host; the other way is tested by test_connection_netns.
export ANSIBLE_PIPELINING=1
export LC_ALL=C.UTF-8
# How somebody reached this machine says nothing about the hosts that tests make.
unset SSH_CONNECTION
# With the first, Python reads a module that comes through a pipe byte by byte; with the second, it compiles Ansible anew for every playbook.
unset PYTHONUNBUFFERED PYTHONDONTWRITEBYTECODE
mkdir -p "$BUILD"

skip() {
  printf '%s\n' "$1" >"${SKIP_REASON:-/dev/stderr}"
  exit 77
}

# follow LOG COMMAND...: run a command that writes into a log. Whoever waits at a terminal sees the log's last line meanwhile.
follow() {
  local log=$1 status=0 watcher=
  shift
  : >"$log"
  if [ -t 1 ]; then
    while sleep 0.5 && kill -0 $$ 2>/dev/null; do printf '\r  %-77.77s' "$(tail -c 500 "$log" | tr '\r' '\n' | tail -n 1 | tr -cd '[:print:]')"; done &
    watcher=$!
  fi
  "$@" >"$log" 2>&1 || status=$?
  if [ -n "$watcher" ]; then
    kill "$watcher"
    wait "$watcher" 2>/dev/null || true
    printf '\r%79s\r' ''
  fi
  return "$status"
}

# Files of the checkout that git does not ignore, NUL-separated: what a commit of everything would hold.
list_files() {
  local file
  git -c safe.directory="$ROOT" ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    if [ -e "$file" ] || [ -L "$file" ]; then printf '%s\0' "$file"; fi
  done
}

# copy_tree FOLDER: set TREE to a copy of the checkout below the folder. A real copy, because ansible-test refuses a linked one;
# it also keeps ignored files out of the artifact.
copy_tree() {
  TREE=$1/ansible_collections/netloom/container_net
  rm -rf "$TREE"
  mkdir -p "$TREE"
  list_files | tar --null -T - -cf - | tar -xf - -C "$TREE"
}

# Run a command in new network and mount namespaces with no uplink and a /run of its own.
in_throwaway_namespaces() {
  local flags=-Urnm
  if [ "$(id -u)" = 0 ]; then flags=-nm; fi
  # What this machine itself keeps for its next start is not seen in them, and so not removed.
  # shellcheck disable=SC2016
  unshare "$flags" --kill-child -- sh -ec '
    mount -t tmpfs tmpfs /run
    if [ -d /var/lib/container_net ]; then mount -t tmpfs -o mode=700 tmpfs /var/lib/container_net; fi
    ip link set lo up
    exec "$@"' sh "$@"
}
