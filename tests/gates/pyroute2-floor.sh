#!/usr/bin/env bash
# The unit tests, and the functional ones that drive the engine, again with the oldest pyroute2 we promise, the one of Debian 12.
. "$(dirname "$0")/common.sh"
floor=$(sed -n 's/^pyroute2>=//p' requirements.txt)
sed "s/^pyroute2==.*/pyroute2==$floor/" requirements-dev.txt |
  grep -E '^(ansible-core|jmespath|hypothesis|pyroute2|pytest|pytest-xdist|types-)' >"$BUILD/requirements-floor.txt"
bash tests/gates/make_venv.sh .venv-floor "$ROOT/.venv/bin/python" -r "$BUILD/requirements-floor.txt"
export PATH="$ROOT/.venv-floor/bin:$PATH"
echo "pyroute2 $(python -c 'import importlib.metadata as m; print(m.version("pyroute2"))')"
python -m pytest tests/unit
bash tests/gates/functional.sh .venv-floor \
  tests/functional/test_{check_truth,in_place,nothing_left,foreign,drift,packets,modules,duplicate}.py
