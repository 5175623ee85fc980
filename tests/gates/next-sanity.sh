#!/usr/bin/env bash
# ansible-test sanity with the second ansible-core, in the virtual environment that the gate next-core makes.
. "$(dirname "$0")/common.sh"
[ -x .venv-next/bin/python ] || skip "there is no second ansible-core here; the gate next-core makes .venv-next where it can"
bash tests/gates/sanity.sh .venv-next
