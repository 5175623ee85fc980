#!/usr/bin/env bash
# The demo as make demo runs it; where the tests run as root, by an ordinary user, who owns nothing but one folder.
. "$(dirname "$0")/common.sh"
[ "$(id -u)" = 0 ] || exec bash tests/gates/demo.sh

home=$(mktemp -d /tmp/container-net-home-XXXXXX)
trap 'rm -rf "$home"' EXIT
chown 65534:65534 "$home"
ordinary=(setpriv --reuid=65534 --regid=65534 --clear-groups env "HOME=$home" "ANSIBLE_REMOTE_TMP=$home/.ansible/tmp" "PATH=$PATH")
as_root() {
  echo "as root, for $1"
  exec bash tests/gates/demo.sh
}
reason=$("${ordinary[@]}" unshare -Urnm true 2>&1) || as_root "no ordinary user gets network namespaces here: $reason"
reason=$("${ordinary[@]}" .venv/bin/python -c 'import ansible' 2>&1) || as_root "this checkout is closed to ordinary users: ${reason##*$'\n'}"
"${ordinary[@]}" bash tests/gates/demo.sh "$home"
