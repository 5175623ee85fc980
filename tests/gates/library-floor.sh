#!/usr/bin/env bash
# What the oldest libraries we promise can change (pyroute2 of Debian 12, the first ansible-core): every message to the kernel, and modules run by that core.
. "$(dirname "$0")/common.sh"
pyroute2=$(sed -n 's/^pyroute2>=//p' requirements.txt)
core=$(sed -n 's/^requires_ansible: ">=\(.*\)"$/\1/p' meta/runtime.yml)
# That ansible-core runs on Python 3.11 to 3.13; where there is only a newer one, the core stays that of .venv.
python=$(bash tests/gates/find_python.sh 11 13) || { python=$ROOT/.venv/bin/python core=$(.venv/bin/python -c 'import ansible; print(ansible.__version__)'); }
bash tests/gates/other_venv.sh .venv-floor "$python" "$core" "$pyroute2"
export PATH="$ROOT/.venv-floor/bin:$PATH"
python -m pytest -n 2 tests/unit/plugins/filter tests/unit/plugins/module_utils/{_kernel,_engine,_ansible}
# In another namespace the same messages go through another door, and a missing library is found before Ansible or pyroute2 count.
bash tests/gates/functional.sh .venv-floor \
  tests/functional/test_{check_truth,packets,modules}.py -k 'not room and not library_is_named'
