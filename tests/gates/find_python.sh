#!/usr/bin/env bash
# find_python.sh FIRST LAST: print a Python 3 with a minor version in that range that can make virtual environments.
set -euo pipefail
first=$1 last=$2

usable() {
  "$1" - "$first" "$last" 2>/dev/null <<'PYTHON'
import ensurepip, sys, venv
first, last = int(sys.argv[1]), int(sys.argv[2])
if sys.version_info[0] != 3 or not first <= sys.version_info[1] <= last or sys.version_info.releaselevel != "final":
    sys.exit(1)
print(sys.executable)
PYTHON
}

usable /usr/bin/python3 && exit
for minor in $(seq "$first" "$last"); do
  for candidate in "/usr/bin/python3.$minor" "/usr/local/bin/python3.$minor" "${PYENV_ROOT:-$HOME/.pyenv}/versions/3.$minor".*/bin/python3 \
    "$(command -v "python3.$minor" || true)"; do
    if [ -x "$candidate" ]; then usable "$candidate" && exit; fi
  done
done
exit 1
