#!/usr/bin/env bash
. "$(dirname "$0")/common.sh"
ansible-lint --profile production --offline
