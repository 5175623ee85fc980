#!/usr/bin/env bash
# Every example on simulated hosts, with the commands of its README. Needs no root.
. "$(dirname "$0")/common.sh"
python -m pytest tests/lab
