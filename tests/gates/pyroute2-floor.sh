#!/usr/bin/env bash
# Unit and functional tests again with the oldest pyroute2 we promise, the one of Debian 12.
. "$(dirname "$0")/common.sh"
floor=$(sed -n 's/^pyroute2>=//p' requirements.txt)
sed "s/^pyroute2==.*/pyroute2==$floor/" requirements-dev.txt |
  grep -E '^(ansible-core|jmespath|pyroute2|pytest|types-)' >"$BUILD/requirements-floor.txt"
bash tests/gates/make_venv.sh .venv-floor "$ROOT/.venv/bin/python" -r "$BUILD/requirements-floor.txt"
export PATH="$ROOT/.venv-floor/bin:$PATH"
echo "pyroute2 $(python -c 'import importlib.metadata as m; print(m.version("pyroute2"))')"
python -m pytest tests/unit
bash tests/gates/functional.sh .venv-floor
