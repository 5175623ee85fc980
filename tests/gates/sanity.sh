#!/usr/bin/env bash
# sanity.sh [VENV [ANSIBLE-TEST-ARGUMENT...]]: ansible-test sanity with the core of that virtual environment (by default .venv), and no ignore files.
. "$(dirname "$0")/common.sh"
name=${1:-.venv}
shift || true
venv=$ROOT/$name
work=$BUILD/sanity$name

if compgen -G 'tests/sanity/ignore-*.txt' >/dev/null; then
  echo "tests/sanity holds ignore files; this collection has none" >&2
  exit 1
fi
copy_tree "$work"

# A home and a path of its own: ansible-test finds interpreters by name in the path, keeps its virtual environments in the home
# and passes no PIP_* variable on.
export HOME=$work/home
bin=$work/bin
mkdir -p "$HOME/.config/pip" "$bin"
"$venv/bin/python" tests/gates/pip_settings.py >"$HOME/.config/pip/pip.conf"
# Python compiles what it imports, which is less than what pip would. To give that option, its value is no.
printf '[install]\nno-compile = no\n' >>"$HOME/.config/pip/pip.conf"
for minor in 9 10 11 12 13 14; do
  if python=$(HOME=~root bash tests/gates/find_python.sh $minor $minor); then ln -sfn "$python" "$bin/python3.$minor"; fi
done
# ansible-test wants a script from a web site that brings pip into each environment, one for each version of pip.
mkdir -p "$HOME/.ansible/test/cache"
for version in $("$venv/bin/python" -c 'from types import SimpleNamespace as Python
from ansible_test._internal.python_requirements import get_venv_packages as find
print(*{find(Python(version="3.%d" % minor))["pip"].replace(".", "_") for minor in range(8, 16)})'); do
  cp tests/gates/pip_bootstrap.py "$HOME/.ansible/test/cache/get_pip_$version.py"
done
export PATH="$venv/bin:$bin:$PATH"

cd "$TREE" || exit
# A repository of its own: ansible-test asks git for the files, and the outer one ignores the build folder.
git init -q . && git add -A
echo "$("$venv/bin/ansible-test" --version), interpreters: $(cd "$bin" && echo python*)"
log=$work/log
: >"$log"
check() {
  "$venv/bin/ansible-test" sanity --color no "$@" 2>&1 | tee -a "$log" |
    grep -vE '^(Collecting|Processing|Looking in|Installing|Successfully installed|Using cached|WARNING: Location| +Downloading| +Using cached| +━)'
}

if [ "$#" -gt 0 ]; then
  check --python default "$@"
else
  # In the long tests all of it. Else not what other gates ask (ruff, yamllint, shellcheck), nor pylint of what is never sent or installed; and to import
  # everything, which takes as long as all other tests together for each Python anew, of the oldest only: next-core runs every module with a newer one.
  mapfile -t minors < <(cd "$bin" && printf '%s\n' python3.* | cut -d. -f2 | sort -n)
  beside=() asked=()
  if [ -z "${CONTAINER_NET_EVERY_POINT:-}" ]; then
    beside=(--exclude tests/ --exclude bench/)
    asked=(--skip-test pep8 --skip-test yamllint --skip-test shellcheck)
    minors=("${minors[0]}")
  fi
  check --python default --skip-test import --skip-test pylint "${asked[@]}"
  check --python default --test pylint "${beside[@]}"
  for minor in "${minors[@]}"; do check --python "3.$minor" --test import; done
fi
if grep -q 'All targets skipped' "$log"; then
  echo "ansible-test found nothing to check" >&2
  exit 1
fi
