#!/usr/bin/env bash
# A real Docker Engine and a real Podman, in throw-away namespaces without an uplink. Needs root.
. "$(dirname "$0")/common.sh"
[ "$(id -u)" = 0 ] || skip "a Docker Engine needs root"
bash tests/gates/setup.sh engines ${CONTAINER_NET_EVERY_POINT:+fresh}
if firewalls=$(bash tests/gates/firewalls.sh "$BUILD/firewalls"); then export CONTAINER_NET_FIREWALLS=$BUILD/firewalls; else echo "without firewalld and ufw: $firewalls" >&2; fi
for program in dockerd podman runc busybox; do
  command -v "$program" >/dev/null || skip "$program is not installed"
done
[ "$#" -gt 0 ] || set -- tests/engines

# Podman takes plugins of netavark since 4.6, which Debian 13 has. Its files are 500 MB and a minute of a processor, so only the long tier makes them.
newer=$BUILD/debian13
if [ -n "${CONTAINER_NET_EVERY_POINT:-}" ] && [ ! -e "$newer" ]; then
  rm -rf --one-file-system "$newer.part"
  packages=(podman netavark runc python3 python3-pyroute2 iptables)
  made=0
  CONTAINER_NET_DEBIAN_SUITE=trixie PYTHONPATH=tests/vm python -m guests.debian "$newer.part" "${packages[@]}" || made=$?
  if [ "$made" = 0 ]; then mv "$newer.part" "$newer"; elif [ "$made" != 77 ]; then exit "$made"; fi
fi

# A process namespace too: whatever an engine leaves running ends with it. All files of the engines are in memory, those that Docker puts
# into /etc in a copy of it.
status=0
# shellcheck disable=SC2016
ENGINES_SKIP_REASON=${SKIP_REASON:-/dev/stderr} TMPDIR=/dev/shm unshare -nm --pid --fork --kill-child --mount-proc -- sh -euc '
  mount -t tmpfs tmpfs /run
  if [ -d /var/lib/container_net ]; then mount -t tmpfs -o mode=700 tmpfs /var/lib/container_net; fi
  mount -t tmpfs tmpfs /dev/shm
  cp -a /etc /run/etc
  mount --bind /run/etc /etc
  ip link set lo up
  exec "$@"' sh "$ROOT/.venv/bin/python" -m pytest -n 2 "$@" || status=$?
for group in /sys/fs/cgroup/container-net-test /sys/fs/cgroup/*/container-net-test; do
  if [ -d "$group" ]; then find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true; fi
done
exit "$status"
