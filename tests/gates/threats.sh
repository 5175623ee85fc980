#!/usr/bin/env bash
# threats.sh [PYTEST-OPTION...]: play each attack of tests/threats.yml with each firewall, and print what became of it.
. "$(dirname "$0")/common.sh"
notes=$BUILD/threats.jsonl
rm -f "$notes"
status=0
for firewall in iptables-nft iptables-legacy nftables; do
  printf '\n-- %s\n' "$firewall"
  CONTAINER_NET_THREATS=$notes CONTAINER_NET_TEST_FIREWALL=$firewall bash tests/gates/functional.sh .venv -m threat tests/functional "$@" || status=$?
done
python tests/threat_matrix.py tests/threats.yml "$notes" || status=$?
exit "$status"
