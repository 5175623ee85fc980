#!/bin/sh
# take_back.sh FOLDER: undo private_archive.sh.
set -eu
folder=$1
for package in container-net-proof python3-pyroute2 iptables; do
  # Only the packages of the archive have this version.
  if [ "$(dpkg-query --show --showformat '${Version}' "$package" 2>/dev/null)" = 0 ]; then dpkg --purge "$package"; fi
done
umount --lazy /etc/apt /var/lib/apt /var/cache /var/log
for program in apt-get dpkg; do mount --bind /run/lab/refuse "$(command -v "$program")"; done
rm -r "$folder"
