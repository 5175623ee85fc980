#!/usr/bin/env bash
# firewalls.sh FOLDER: unpack firewalld and ufw there. They are not installed: at its next start, they would be this machine's firewall.
. "$(dirname "$0")/common.sh"
folder=$1
if [ -e "$folder/complete" ]; then exit 0; fi
command -v apt-get >/dev/null || { echo "there is no apt-get to fetch firewalld and ufw with"; exit 1; }
rm -rf "$folder"
mkdir -p "$folder/packages"
cd "$folder/packages"
apt-get download firewalld python3-firewall python3-dbus python3-gi gir1.2-glib-2.0 libgirepository-1.0-1 python3-nftables python3-cap-ng python3-six dbus dbus-daemon \
  dbus-bin dbus-system-bus-common ufw >"$folder/log" 2>&1 || { tail -n 1 "$folder/log"; exit 1; }
for package in *.deb; do dpkg -x "$package" "$folder"; done
cd "$folder"
# What their installation does, as far as the programs need it.
cp -a lib/. usr/lib/
rm -rf lib packages
ln -sf org.fedoraproject.FirewallD1.server.policy.choice usr/share/polkit-1/actions/org.fedoraproject.FirewallD1.policy
cp usr/share/ufw/*.init usr/share/ufw/*.rules usr/share/ufw/ufw.conf etc/ufw/
cp usr/share/ufw/iptables/*.rules etc/ufw/
touch complete
