#!/usr/bin/env bash
# new_machine.sh FOLDER COMMAND: put a minimal Debian with a clone of the last commit into the folder, and run the command in the clone.
# In process and mount namespaces of its own, which become that machine.
. "$(dirname "$0")/common.sh"
root=$1 command=$2

# What somebody has who has come as far as a checkout.
echo "making a new machine: a minimal Debian (takes about a minute)"
status=0
said=$(PYTHONPATH=tests/vm python -m guests.debian "$root" ca-certificates git make) || status=$?
[ "$status" != 77 ] || skip "$said"
[ "$status" = 0 ] || { echo "$said" >&2; exit "$status"; }
# /root is closed to ordinary users, who run the demo too.
git -c safe.directory="$PWD" clone -q "$PWD" "$root/srv/container_net"

# How this machine reaches package indexes is no part of the proof: the new one is told the same, but for further packages in folders of this one.
rm -rf "$root/etc/apt/sources.list" "$root/etc/apt/sources.list.d"
cp -a /etc/apt/. "$root/etc/apt/"
python tests/gates/pip_settings.py | sed -E '/^(extra-index-url|find-links) = (file:|\/)/d' >"$root/etc/pip.conf"
take_along() { mkdir -p "$root${1%/*}" && rm -rf "$root$1" && cp -aL "$1" "$root$1"; }
for path in /etc/resolv.conf /etc/hosts /etc/ssl/certs /usr/share/keyrings; do [ ! -e "$path" ] || take_along "$path"; done
sed -n 's/^[a-z-]* = //p' "$root/etc/pip.conf" | while read -r path; do [ ! -f "$path" ] || take_along "$path"; done
# It has no init, and the kernel is this machine's: what a package would start or set at its installation stays off.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

# The root of the mount namespace itself, not of a process only: who enters it from anywhere, such as a simulated host, is on the new machine.
mount --bind "$root" "$root"
cd "$root" || exit
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
for folder in dev/shm tmp; do mount -t tmpfs -o mode=1777 tmpfs "$folder"; done
pivot_root . mnt
cd /srv/container_net || exit
umount --lazy /mnt
exec env -i HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
  ${CONTAINER_NET_EVERY_POINT:+"CONTAINER_NET_EVERY_POINT=$CONTAINER_NET_EVERY_POINT"} bash -c "$command"
