#!/usr/bin/env bash
# fresh.sh [TARGET...]: the commands of the README on a new machine: in a clone of the last commit, in a minimal Debian that holds nothing of ours. Needs root.
. "$(dirname "$0")/common.sh"
[ "$(id -u)" = 0 ] || skip "a Debian is put into a folder by root"
[ "$#" -gt 0 ] || set -- demo test
bash tests/gates/setup.sh fresh
root=$BUILD/fresh
rm -rf --one-file-system "$root"

# What somebody has who has come as far as a checkout.
status=0
said=$(PYTHONPATH=tests/vm python -m guests.debian "$root" ca-certificates git make) || status=$?
[ "$status" != 77 ] || skip "$said"
[ "$status" = 0 ] || { echo "$said" >&2; exit "$status"; }

# How this machine reaches package indexes is no part of the proof: the new one is told the same.
rm -rf "$root/etc/apt/sources.list" "$root/etc/apt/sources.list.d"
cp -a /etc/apt/. "$root/etc/apt/"
python tests/gates/pip_settings.py >"$root/etc/pip.conf"
take_along() { mkdir -p "$root${1%/*}" && rm -rf "$root$1" && cp -aL "$1" "$root$1"; }
for path in /etc/resolv.conf /etc/hosts /etc/ssl/certs /usr/share/keyrings; do [ ! -e "$path" ] || take_along "$path"; done
sed -n 's/^[a-z-]* = //p' "$root/etc/pip.conf" | while read -r path; do [ ! -f "$path" ] || take_along "$path"; done
git -c safe.directory="$PWD" clone -q "$PWD" "$root/root/container_net"

# shellcheck disable=SC2016
exec env -i HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
  unshare --mount --pid --fork --kill-child -- sh -euc '
  root=$1; shift
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/run"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  exec chroot "$root" sh -euc "cd /root/container_net; for target; do make \$target; done" sh "$@"' sh "$root" "$@"
