#!/usr/bin/env bash
# vm.sh [PYTEST-ARGUMENT...]: the playbooks on Debian guests under QEMU, over SSH. `vm.sh shell` boots the guests for a look around.
. "$(dirname "$0")/common.sh"

bash tests/gates/vm-image.sh
if [ "${1:-}" = shell ]; then
  in_throwaway_namespaces python tests/vm/shell.py
else
  [ "$#" -gt 0 ] || set -- tests/vm
  in_throwaway_namespaces python -m pytest "$@"
fi
