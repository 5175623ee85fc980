#!/usr/bin/env bash
# molecule.sh [SCENARIO]: the roles and the examples on simulated hosts. All scenarios share one lab, which is down again afterwards, whatever happened.
. "$(dirname "$0")/common.sh"
# Named so that molecule does not ask for the move to extensions/molecule.
export MOLECULE_GLOB='molecule/*/molecule.yml'
export MOLECULE_EPHEMERAL_DIRECTORY=$BUILD/molecule-state MOLECULE_COMMAND_BORDERS=false NO_COLOR=1

lower() {
  python playbooks/lab/files/lab.py down --state "$BUILD/molecule" >/dev/null
  rm -rf "$MOLECULE_EPHEMERAL_DIRECTORY" "$BUILD/molecule-runs"
}
# What a killed run left behind.
lower
trap lower EXIT
mkdir -p "$BUILD/molecule-runs"

# Molecule asks for versions and settings before each scenario, and for a version before each playbook: a seventh of its time. Nothing of it changes meanwhile.
answers=$BUILD/molecule-answers
mkdir -p "$answers"
for question in 'ansible-playbook --version' 'ansible --version' 'ansible-config dump'; do
  program=${question% *}
  $question >"$answers/$program.txt"
  printf '#!/bin/sh\nif [ "$*" = %s ]; then exec cat "%s"; fi\nexec "%s" "$@"\n' "${question#* }" "$answers/$program.txt" "$(command -v "$program")" >"$answers/$program"
  chmod +x "$answers/$program"
done
export PATH="$answers:$PATH"

scenario=(--all)
if [ $# -gt 0 ]; then scenario=(--scenario-name "$1"); fi
molecule test "${scenario[@]}"
python tests/lab/truth.py "$BUILD/molecule-runs"
