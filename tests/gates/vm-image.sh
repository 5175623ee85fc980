#!/usr/bin/env bash
# What the guests of the VM floor need: QEMU, and the disk they boot from. Built once.
. "$(dirname "$0")/common.sh"

[ "$(id -u)" = 0 ] || skip "not root: the disk of a guest is built with debootstrap"
[ "$(uname -m)" = x86_64 ] || skip "the guests are built for x86_64, this is $(uname -m)"
if command -v apt-get >/dev/null; then
  bash tests/gates/setup.sh qemu-system-x86_64:qemu-system-x86 debootstrap:debootstrap mke2fs:e2fsprogs ssh:openssh-client \
    /usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring || echo "not all packages could be installed" >&2
fi
for tool in qemu-system-x86_64 debootstrap mke2fs ssh; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done
status=0
said=$(python tests/vm/guests/image.py) || status=$?
[ "$status" != 77 ] || skip "$said"
[ "$status" = 0 ] || exit "$status"
