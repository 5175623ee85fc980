#!/usr/bin/env bash
# What the guests of the VM floor need: QEMU, and the disk they boot from. Built once.
. "$(dirname "$0")/common.sh"

[ "$(id -u)" = 0 ] || skip "not root: the disk of a guest is built with debootstrap"
[ "$(uname -m)" = x86_64 ] || skip "the guests are built for x86_64, this is $(uname -m)"
bash tests/gates/setup.sh vm
for tool in qemu-system-x86_64 debootstrap mke2fs ssh; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done
status=0
said=$(PYTHONPATH=tests/vm python -m guests.image) || status=$?
[ "$status" != 77 ] || skip "$said"
[ "$status" = 0 ] || exit "$status"
