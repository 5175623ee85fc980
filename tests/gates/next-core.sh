#!/usr/bin/env bash
# What a newer ansible-core can change: plugins and modules run by it, and what it checks of them. It needs a newer Python than the oldest we support.
. "$(dirname "$0")/common.sh"
core=2.21.5
have=$(.venv/bin/python -c 'import ansible; print(ansible.__version__)')
[ "$have" != "$core" ] || skip "the main leg runs ansible-core $core already"
python=$(bash tests/gates/find_python.sh 12 14) || skip "ansible-core $core needs Python 3.12 or newer, and this machine has none with venv"
bash tests/gates/other_venv.sh .venv-next "$python" "$core"
export PATH="$ROOT/.venv-next/bin:$PATH"
python -m pytest tests/unit/plugins/filter
# Every module and plugin once; what is left out differs only in what we do with the same words of the core.
chosen='ansible_does or test_refused or info_shows or test_fleet_plan and not newcomers and not limit_drops and not moved'
chosen+=' and not chosen_port and not lock_file_that and not relative_path'
chosen+=' or ordinary_tasks or large_files or both_streams or is_a_host or missing_namespace or delegated'
bash tests/gates/functional.sh .venv-next tests/functional/test_{modules,fleet_plan,connection_netns}.py -k "$chosen"
# What does not depend on the core (style, types, imports and compilation by each Python) is checked with that of .venv.
minor=$("$python" -c 'import sys; print(sys.version_info[1])')
bash tests/gates/sanity.sh .venv-next --python "3.$minor" \
  --test validate-modules --test ansible-doc --test action-plugin-docs --test runtime-metadata
