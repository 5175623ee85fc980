#!/usr/bin/env bash
# demo.sh [FOLDER]: raise a simulated fleet, give it its networks, prove them by packets, show them, remove them. Needs no root.
# With a FOLDER, all is written there.
. "$(dirname "$0")/common.sh"
if [ -n "${1:-}" ]; then
  BUILD=$1
  export ANSIBLE_HOME="$BUILD/ansible_home" ANSIBLE_COLLECTIONS_PATH="$BUILD/collections"
fi
state=$BUILD/lab
fleet=$BUILD/demo
mkdir -p "$BUILD/collections/ansible_collections/netloom"
ln -sfn "$ROOT" "$BUILD/collections/ansible_collections/netloom/container_net"
# The example as it stands; its lock file is written beside the copy.
rm -rf "$fleet"
cp -r examples/fleet "$fleet"

# Without the lab's inventory, the example's own addresses would be called.
export ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true

lab=(-e "lab_state_dir='$state'" -e "lab_python='$ROOT/.venv/bin/python'")
inventory=(-i "$fleet/inventory.yml" -i "$state/inventory.yml" -e fleet_become=false)
lower() { ansible-playbook -i localhost, playbooks/lab/down.yml "${lab[@]}" >/dev/null; }
trap lower EXIT

say() { printf '\n-- %s\n' "$1"; }
run() { ansible-playbook "${inventory[@]}" "netloom.container_net.$1" "${@:2}"; }
# What is printed fits 80 columns: Ansible's recap without its padding, lists of lines as lines, long lines folded.
recap() { sed -n '/^PLAY RECAP/,$ { /^h[0-9]/p }' "$1" | sed -E 's/ +/ /g; s/ :/:/; s/ $//'; }
unquote() { sed -n -E 's/^        "(.*)",?$/\1/p'; }
narrow() { python -c 'import sys, textwrap
for line in sys.stdin: print(textwrap.fill(line.rstrip(), 80, subsequent_indent="    ", break_on_hyphens=False))'; }
expect_recap() {
  recap "$1"
  if ! grep -q '^h1 ' "$1" || grep '^h[0-9]' "$1" | grep -Ev "$2"; then
    echo "expected every host to show: $2" >&2
    exit 1
  fi
}

say "Raising three simulated hosts and a switch, in namespaces without an uplink"
ansible-playbook -i localhost, playbooks/lab/up.yml "${lab[@]}" >"$BUILD/demo-up.log" || { cat "$BUILD/demo-up.log"; exit 1; }
sed -n -E 's/^ *"msg": "(The inventory .*)"$/\1/p' "$BUILD/demo-up.log" | narrow

say "Check mode: what would be done on h1"
run site --check --diff --limit h1 | sed -n '/Bring this host/,/^$/p' | awk 'NR <= 60' | narrow

say "site.yml: apply it"
run site | tee "$BUILD/demo-apply.log" >/dev/null || { cat "$BUILD/demo-apply.log"; exit 1; }
expect_recap "$BUILD/demo-apply.log" 'changed=[1-9].*unreachable=0 +failed=0'

say "site.yml again: nothing to do"
run site | tee "$BUILD/demo-again.log" >/dev/null
expect_recap "$BUILD/demo-again.log" 'changed=0 +unreachable=0 +failed=0'

say "verify.yml: every allowed pair passes, every forbidden one is refused"
run verify | tee "$BUILD/demo-verify.log" >/dev/null || { cat "$BUILD/demo-verify.log"; exit 1; }
unquote <"$BUILD/demo-verify.log"
expect_recap "$BUILD/demo-verify.log" 'unreachable=0 +failed=0'

say "show.yml: the topology as the kernels have it"
run show | unquote | sed -E 's/^(h[0-9])$/\n\1/'

say "teardown.yml: remove it all"
run teardown >"$BUILD/demo-teardown.log"
expect_recap "$BUILD/demo-teardown.log" 'changed=1 +unreachable=0 +failed=0'
left=$(python3 playbooks/lab/files/lab.py exec --state "$state" h1 -- sh -c 'ip -o link show | grep -v -e ": lo:" -e ": eth0"; ls -A /run/netns 2>/dev/null; iptables-save | grep CNET' || true)
if [ -n "$left" ]; then
  printf 'left behind on h1:\n%s\n' "$left" >&2
  exit 1
fi
echo "nothing is left on the hosts"
