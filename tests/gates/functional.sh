#!/usr/bin/env bash
# functional.sh [VENV [TEST...]]: the functional floor, or some files of it, by default with the library of .venv.
. "$(dirname "$0")/common.sh"
venv=${1:-.venv}
shift || true
[ "$#" -gt 0 ] || set -- tests/functional
in_throwaway_namespaces true || {
  echo "this machine gives no network and mount namespaces, not even to $(id -un); see user.max_user_namespaces" >&2
  exit 1
}
in_throwaway_namespaces "$ROOT/$venv/bin/python" -m pytest -n 4 --dist loadscope "$@"
