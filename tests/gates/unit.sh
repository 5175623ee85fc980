#!/usr/bin/env bash
. "$(dirname "$0")/common.sh"
unset CONTAINER_NET_BYTECODE  # they count what is compiled
python -m pytest -n 2 tests/unit
