#!/usr/bin/env bash
# setup.sh [demo] [FLOOR...]: install what the other targets need, and nothing else: Debian packages (as root), .venv, the link to the checkout.
# With `demo`, only what a simulated fleet needs. What a FLOOR needs beyond that is installed where it can be; without it, its gate says so and is skipped.
. "$(dirname "$0")/common.sh"

# command or file:Debian package
DEMO="ip:iproute2 iptables-restore:iptables nft:nftables nsenter:util-linux"
CHECKS="git:git ping:iputils-ping ps:procps shellcheck:shellcheck strace:strace"
declare -A FLOORS=(
  [molecule]="/usr/lib/python3/dist-packages/apt:python3-apt"
  [engines]="dockerd:docker.io ctr:containerd podman:podman runc:runc busybox:busybox-static /usr/lib/cni/bridge:containernetworking-plugins"
  [vm]="qemu-system-x86_64:qemu-system-x86 debootstrap:debootstrap mke2fs:e2fsprogs ssh:openssh-client \
/usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring"
  [fresh]="debootstrap:debootstrap /usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring"
  [bench]="/usr/lib/podman/netavark:netavark /usr/lib/cni/bridge:containernetworking-plugins"
)

NEEDED=$DEMO
if [ "${1:-}" = demo ]; then shift; else NEEDED="$NEEDED $CHECKS"; fi
WANTED=
for floor in "$@"; do WANTED="$WANTED ${FLOORS[$floor]}"; done

# Print the packages of what is missing.
find_missing() {
  local pair
  for pair in "$@"; do [ -e "${pair%%:*}" ] || command -v "${pair%%:*}" >/dev/null || printf '%s\n' "${pair##*:}"; done
}

# A Docker Engine would change this machine's firewall: it is neither started by its installation nor at the next boot.
policy=/usr/sbin/policy-rc.d
unwanted="docker.service docker.socket"
keep_engines_off() {
  if ! command -v containerd >/dev/null; then unwanted="$unwanted containerd.service"; fi
  if [ -e "$policy" ]; then mv "$policy" "$policy.container-net"; fi
  trap forget_engines EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}
forget_engines() {
  rm -f "$policy"
  if [ -e "$policy.container-net" ]; then mv "$policy.container-net" "$policy"; fi
  trap - EXIT
  # shellcheck disable=SC2086
  if command -v systemctl >/dev/null; then systemctl disable $unwanted >>"$BUILD/apt.log" 2>&1 || true; fi
}

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

run_apt() { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; }

install_packages() {
  local status=0
  printf 'installing %s\n' "$*" | fold -s -w 80
  printf '  (may take some minutes; the log is %s)\n' "${BUILD#"$ROOT"/}/apt.log"
  case " $* " in *" docker.io "*) keep_engines_off ;; esac
  follow "$BUILD/apt.log" run_apt "$@" || status=$?
  case " $* " in *" docker.io "*) forget_engines ;; esac
  [ "$status" = 0 ] || tail -n 30 "$BUILD/apt.log" >&2
  return "$status"
}

# shellcheck disable=SC2086
mapfile -t missing < <(find_missing $NEEDED)
if ! python=$(bash tests/gates/find_python.sh 11 14); then
  # Ubuntu 22.04 has an older python3, and a newer one beside it.
  venv=python3-venv
  if [ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info >= (3, 11))'; then venv=python3.11-venv; fi
  missing+=("$venv")
fi
# shellcheck disable=SC2086
mapfile -t beyond < <(find_missing $WANTED)

if ! can_install; then
  how=$(printf 'Install them as root, on Debian or Ubuntu with:\n  sudo apt-get update\n  sudo apt-get install -y --no-install-recommends')
  if [ "${#missing[@]}" -gt 0 ]; then
    printf 'Missing: %s\n%s %s\n' "${missing[*]}" "$how" "${missing[*]}" >&2
    exit 1
  fi
  [ "${#beyond[@]}" = 0 ] || printf 'Missing, so that some gates will be skipped: %s\n%s %s\n' "${beyond[*]}" "$how" "${beyond[*]}"
elif [ "$((${#missing[@]} + ${#beyond[@]}))" -gt 0 ]; then
  install_packages "${missing[@]}" "${beyond[@]}" || {
    [ "${#missing[@]}" = 0 ] || [ "${#beyond[@]}" = 0 ] || install_packages "${missing[@]}" || exit 1
    [ "${#beyond[@]}" -gt 0 ] || exit 1
    echo "not all of these could be installed, so that some gates may be skipped: ${beyond[*]}" >&2
  }
  python=$(bash tests/gates/find_python.sh 11 14) || {
    echo "No Python 3.11 or newer with the venv module was found; Ansible needs one on the controller." >&2
    exit 1
  }
fi

link=$BUILD/collections/ansible_collections/netloom/container_net
mkdir -p "${link%/*}"
ln -sfn "$ROOT" "$link"

bash tests/gates/make_venv.sh .venv "$python" -r requirements-dev.txt
