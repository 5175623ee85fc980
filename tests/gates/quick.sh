#!/usr/bin/env bash
# The part of the functional floor for daily work: check mode tells the truth for every driver, packets pass and are refused, nothing is left.
. "$(dirname "$0")/common.sh"
bash tests/gates/functional.sh .venv tests/functional/test_{check_truth,packets,firewall,nothing_left,modules}.py
