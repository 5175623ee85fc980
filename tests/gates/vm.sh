#!/usr/bin/env bash
# vm.sh [PYTEST-ARGUMENT...]: the playbooks on Debian guests under QEMU, over SSH. `vm.sh shell` boots the guests for a look around.
. "$(dirname "$0")/common.sh"

[ "$(id -u)" = 0 ] || skip "not root: the disk of a guest is built with debootstrap"
for tool in qemu-system-x86_64 debootstrap mke2fs ssh setpriv; do
  command -v "$tool" >/dev/null || skip "there is no $tool; as root on Debian or Ubuntu, make setup installs it"
done
status=0
said=$(python tests/vm/guests/image.py) || status=$?
[ "$status" != 77 ] || skip "$said"
[ "$status" = 0 ] || { printf '%s\n' "$said" >&2; exit "$status"; }

if [ "${1:-}" = shell ]; then
  in_throwaway_namespaces python tests/vm/shell.py
else
  [ "$#" -gt 0 ] || set -- tests/vm
  in_throwaway_namespaces python -m pytest "$@"
fi
