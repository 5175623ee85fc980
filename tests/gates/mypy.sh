#!/usr/bin/env bash
. "$(dirname "$0")/common.sh"
# Through the linked path, so that relative imports and the full names of plugin_utils both resolve.
base=$BUILD/collections/ansible_collections/netloom/container_net/plugins
packages=()
for folder in module_utils plugin_utils modules; do
  [ -n "$(find "$base/$folder/" -name '*.py' -print -quit)" ] || { echo "plugins/$folder holds no Python files" >&2; exit 1; }
  packages+=("${base#"$ROOT"/}/$folder")
done
mypy "${packages[@]}" | sed "s|${base#"$ROOT"/}|plugins|"
# What documentation is made by goes through the same link.
mypy "${base#"$ROOT"/}/../docs/generate"
# The benchmarks call what modules call: an interface that changes is noticed before their next run.
MYPYPATH=bench mypy bench/*.py
