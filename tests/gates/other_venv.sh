#!/usr/bin/env bash
# other_venv.sh FOLDER PYTHON CORE [PYROUTE2]: what the tests need, with another ansible-core than .venv has, and another pyroute2 if that is given.
. "$(dirname "$0")/common.sh"
folder=$1 python=$2 core=$3 pyroute2=${4:-}
wanted="s/^ansible-core==.*/ansible-core==$core/"
if [ -n "$pyroute2" ]; then wanted="$wanted; s/^pyroute2==.*/pyroute2==$pyroute2/"; fi
sed "$wanted" requirements-dev.txt | sort -u |
  grep -E '^(ansible-core|jmespath|hypothesis|pyroute2|pytest|pytest-xdist|types-)' >"$BUILD/requirements-${folder#.venv-}.txt"
bash tests/gates/make_venv.sh "$folder" "$python" -r "$BUILD/requirements-${folder#.venv-}.txt"
"$folder/bin/python" -c 'import ansible, importlib.metadata as m; print("ansible-core", ansible.__version__, "pyroute2", m.version("pyroute2"))'
