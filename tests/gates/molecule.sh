#!/usr/bin/env bash
. "$(dirname "$0")/common.sh"
compgen -G 'molecule/*/molecule.yml' >/dev/null || skip "no scenario in molecule/"
# Named so that molecule does not ask for the move to extensions/molecule.
export MOLECULE_GLOB='molecule/*/molecule.yml'
molecule test --all
