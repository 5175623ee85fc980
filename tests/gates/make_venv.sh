#!/usr/bin/env bash
# make_venv.sh FOLDER PYTHON PIP-ARGUMENT...: make the virtual environment unless it is there with just these contents.
. "$(dirname "$0")/common.sh"
folder=$1 python=$2
shift 2

files=()
for argument in "$@"; do [ ! -f "$argument" ] || files+=("$argument"); done
wanted=$({ "$python" -VV; printf '%s\n' "$python" "$@"; cat /dev/null "${files[@]}"; } | sha256sum | cut -d' ' -f1)
if [ ! -x "$folder/bin/python" ] || [ "$(cat "$folder/contents" 2>/dev/null)" != "$wanted" ]; then
  log=$BUILD/pip-$(basename "$folder").log
  printf 'making %s with %s\n  (may take some minutes; the log is %s)\n' "$folder" "$("$python" -V)" "${log#"$ROOT"/}"
  rm -rf "$folder"
  "$python" -m venv --without-pip "$folder"
  "$folder/bin/python" tests/gates/pip_bootstrap.py
  follow "$log" "$folder/bin/python" -m pip install --no-compile --disable-pip-version-check --no-input "$@" || { tail -n 30 "$log" >&2; exit 1; }
  echo "$wanted" >"$folder/contents"
fi

for site in "$folder"/lib/python3.*/site-packages; do
  for kept in kept_bytecode kept_archives; do
    cp "tests/gates/$kept.py" "$site"
    echo "import $kept" >"$site/$kept.pth"
  done
done
