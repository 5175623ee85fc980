#!/usr/bin/env bash
. "$(dirname "$0")/common.sh"
python -m pytest -n 2 tests/unit
