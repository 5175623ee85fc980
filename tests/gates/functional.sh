#!/usr/bin/env bash
# The functional floor, by default with the library of .venv; the first argument names another virtual environment.
. "$(dirname "$0")/common.sh"
venv=${1:-.venv}
in_throwaway_namespaces true || {
  echo "this machine gives no network and mount namespaces, not even to $(id -un); see user.max_user_namespaces" >&2
  exit 1
}
in_throwaway_namespaces "$ROOT/$venv/bin/python" -m pytest tests/functional
