#!/usr/bin/env bash
# What the playbooks do on simulated hosts beyond the scenarios of molecule. Needs no root.
. "$(dirname "$0")/common.sh"
python -m pytest tests/lab
