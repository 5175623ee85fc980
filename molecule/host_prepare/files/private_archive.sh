#!/bin/sh
# private_archive.sh FOLDER: give this simulated host a package archive in FOLDER, and let the package tools write nowhere else.
# Prints why not, and makes nothing, where that is not possible.
set -eu
folder=$1
if ! grep -q '^ *0 *0 *4294967295$' /proc/self/uid_map; then
  echo "the package tools need the machine's root"
  exit
fi
if ! [ -d /usr/lib/python3/dist-packages/apt ] || ! command -v apt-get dpkg dpkg-deb >/dev/null; then
  echo "this machine has no apt with python3-apt"
  exit
fi
if [ "$(stat -f -c %T /var/lib)" != overlayfs ]; then
  echo "this kernel gives the simulated hosts no overlay on /var/lib"
  exit
fi

mkdir -p "$folder"
for directory in /etc/apt /var/lib/apt /var/cache /var/log; do
  mount -t tmpfs -o mode=0755 tmpfs "$directory"
done
# The machine's programs stay read-only; only what refuses to run here goes from the two that are needed.
for program in apt-get dpkg; do umount "$(command -v "$program")"; done

mkdir -p /etc/apt/apt.conf.d /etc/apt/preferences.d /etc/apt/sources.list.d /var/lib/apt/lists/partial /var/cache/apt/archives/partial
echo 'APT::Sandbox::User "root";' >/etc/apt/apt.conf.d/sandbox
echo "deb [trusted=yes] file:$folder ./" >/etc/apt/sources.list
# Packages without files: one that no machine has, and stand-ins for those of the role that this machine may lack.
for package in container-net-proof python3-pyroute2 iptables; do
  root=$folder/$package
  mkdir -p "$root/DEBIAN"
  printf '%s\n' "Package: $package" 'Version: 0' 'Architecture: all' 'Maintainer: nobody <nobody@example.org>' 'Description: a package for a test' >"$root/DEBIAN/control"
  dpkg-deb --build "$root" "$folder/$package.deb" >/dev/null
  {
    cat "$root/DEBIAN/control"
    printf 'Filename: ./%s.deb\nSize: %s\nSHA256: %s\n\n' "$package" "$(stat -c %s "$folder/$package.deb")" "$(sha256sum "$folder/$package.deb" | cut -d' ' -f1)"
  } >>"$folder/Packages"
done
apt-get update >/dev/null
