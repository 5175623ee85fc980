#!/usr/bin/env bash
. "$(dirname "$0")/common.sh"
# Of each playbook, the syntax is asked by a process of its own: molecule runs its own ones anyway, so that they are read in the long tests only.
beside=()
if [ -z "${CONTAINER_NET_EVERY_POINT:-}" ]; then beside=(--exclude molecule/); fi
ansible-lint --profile production --offline "${beside[@]}"
