#!/usr/bin/env bash
. "$(dirname "$0")/common.sh"
antsibull-changelog lint
antsibull-changelog lint-changelog-yaml changelogs/changelog.yaml
