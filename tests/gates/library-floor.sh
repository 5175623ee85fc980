#!/usr/bin/env bash
# The unit tests, and the functional ones that drive the engine, again with the oldest libraries we promise: pyroute2 of Debian 12, the first ansible-core.
. "$(dirname "$0")/common.sh"
pyroute2=$(sed -n 's/^pyroute2>=//p' requirements.txt)
core=$(sed -n 's/^requires_ansible: ">=\(.*\)"$/\1/p' meta/runtime.yml)
# That ansible-core runs on Python 3.11 to 3.13; where there is only a newer one, the core stays that of .venv.
python=$(bash tests/gates/find_python.sh 11 13) || { python=$ROOT/.venv/bin/python core=$(.venv/bin/python -c 'import ansible; print(ansible.__version__)'); }
sed "s/^pyroute2==.*/pyroute2==$pyroute2/; s/^ansible-core==.*/ansible-core==$core/" requirements-dev.txt | sort -u |
  grep -E '^(ansible-core|jmespath|hypothesis|pyroute2|pytest|pytest-xdist|types-)' >"$BUILD/requirements-floor.txt"
bash tests/gates/make_venv.sh .venv-floor "$python" -r "$BUILD/requirements-floor.txt"
export PATH="$ROOT/.venv-floor/bin:$PATH"
python -c 'import ansible, importlib.metadata as m; print("ansible-core", ansible.__version__, "pyroute2", m.version("pyroute2"))'
python -m pytest tests/unit
bash tests/gates/functional.sh .venv-floor \
  tests/functional/test_{check_truth,in_place,packets,modules,duplicate}.py
