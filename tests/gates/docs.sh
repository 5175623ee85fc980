#!/usr/bin/env bash
. "$(dirname "$0")/common.sh"
antsibull-docs lint-collection-docs --plugin-docs --check-extra-docs-refs --validate-collection-refs=all .
