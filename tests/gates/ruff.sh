#!/usr/bin/env bash
. "$(dirname "$0")/common.sh"
export RUFF_CACHE_DIR=$BUILD/ruff_cache
ruff check .
ruff format --check .
