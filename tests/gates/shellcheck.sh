#!/usr/bin/env bash
. "$(dirname "$0")/common.sh"
scripts=()
while IFS= read -r -d '' file; do
  case $file in *.sh | .ci/run) scripts+=("$file") ;; esac
done < <(list_files)
shellcheck --external-sources --source-path=SCRIPTDIR "${scripts[@]}"
echo "${#scripts[@]} scripts checked"
