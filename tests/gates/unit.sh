#!/usr/bin/env bash
. "$(dirname "$0")/common.sh"
python -m pytest tests/unit
