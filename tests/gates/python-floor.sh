#!/usr/bin/env bash
# The target's part of the unit tests on the oldest Python we promise to managed hosts.
. "$(dirname "$0")/common.sh"
python=$(bash tests/gates/find_python.sh 9 9) || skip "no Python 3.9 with venv on this machine; sanity's compile and import tests need one too, and mypy checks against 3.9"
floor=$(sed -n 's/^pyroute2>=//p' requirements.txt)
bash tests/gates/make_venv.sh .venv-py39 "$python" "pyroute2==$floor" 'pytest==8.4.2' 'PyYAML==6.0.2'

# A host gets ansible.module_utils inside the module, and nothing else of Ansible: the same here.
only=$BUILD/target_side/ansible
mkdir -p "$only"
: >"$only/__init__.py"
ln -sfn "$(.venv/bin/python -c 'import ansible.module_utils as m; print(list(m.__path__)[0])')" "$only/module_utils"
# Histories and junk by the thousand, and what is read of our own source, say the same on each Python: they are asked in the long tests.
chosen='not properties and not fuzz and not living and not asking and not thousand and not json_schema'
if [ -n "${CONTAINER_NET_EVERY_POINT:-}" ]; then chosen=; fi
PYTHONPATH=${only%/*} .venv-py39/bin/python -m pytest tests/unit/test_imports.py tests/unit/plugins/module_utils -k "$chosen"
