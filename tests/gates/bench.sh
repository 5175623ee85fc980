#!/usr/bin/env bash
# bench.sh SIZES HOSTS: run the benchmarks, those of one host and those of a fleet; an empty list leaves its part out. As root the peers are installed first, else bench/run.py reports those it misses.
. "$(dirname "$0")/common.sh"
if [ -n "$1" ]; then
  bash tests/gates/setup.sh bench
  python bench/start.py
  python bench/run.py --sizes "$1"
  python bench/limits.py
  python bench/ports.py
fi
if [ -n "$2" ]; then
  python bench/rows.py --hosts "$2"
  python bench/fleet.py --hosts "$2"
fi
