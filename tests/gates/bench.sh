#!/usr/bin/env bash
# Run the benchmarks; as root the peers are installed first, else bench/run.py reports those it misses.
. "$(dirname "$0")/common.sh"
if [ "$(id -u)" = 0 ]; then
  bash tests/gates/setup.sh /usr/lib/podman/netavark:netavark /usr/lib/cni/bridge:containernetworking-plugins
fi
python bench/run.py "$@"
