#!/usr/bin/env bash
# Unit tests and the functional ones that run Ansible with a newer ansible-core, which needs a newer Python than the oldest we support.
. "$(dirname "$0")/common.sh"
core=2.21.5
have=$(.venv/bin/python -c 'import ansible; print(ansible.__version__)')
[ "$have" != "$core" ] || skip "the main leg runs ansible-core $core already"
python=$(bash tests/gates/find_python.sh 12 14) || skip "ansible-core $core needs Python 3.12 or newer, and this machine has none with venv"
bash tests/gates/other_venv.sh .venv-next "$python" "$core"
export PATH="$ROOT/.venv-next/bin:$PATH"
python -m pytest tests/unit
bash tests/gates/functional.sh .venv-next tests/functional/test_{modules,fleet_plan,connection_netns,lab}.py
