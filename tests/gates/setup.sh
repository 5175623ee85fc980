#!/usr/bin/env bash
# setup.sh [demo] [NEED...]: install what the other targets need, and nothing else: Debian packages (as root), .venv, the link to the checkout.
# With `demo`, only what a simulated fleet needs.
. "$(dirname "$0")/common.sh"

# command or file:Debian package; a gate that needs more names it as arguments
NEEDED="ip:iproute2 iptables-restore:iptables nsenter:util-linux"
if [ "${1:-}" = demo ]; then
  shift
else
  NEEDED="$NEEDED git:git nft:nftables ping:iputils-ping ps:procps shellcheck:shellcheck strace:strace"
fi
for extra in "$@"; do NEEDED="$NEEDED $extra"; done

# A Docker Engine would change this machine's firewall: it is neither started by its installation nor at the next boot.
policy=/usr/sbin/policy-rc.d
unwanted="docker.service docker.socket"
keep_engines_off() {
  case " ${missing[*]} " in *" docker.io "*) ;; *) return 0 ;; esac
  if ! command -v containerd >/dev/null; then unwanted="$unwanted containerd.service"; fi
  if [ -e "$policy" ]; then mv "$policy" "$policy.container-net"; fi
  trap forget_engines EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}
forget_engines() {
  case " ${missing[*]} " in *" docker.io "*) ;; *) return 0 ;; esac
  rm -f "$policy"
  if [ -e "$policy.container-net" ]; then mv "$policy.container-net" "$policy"; fi
  trap - EXIT
  # shellcheck disable=SC2086
  if command -v systemctl >/dev/null; then systemctl disable $unwanted >>"$BUILD/apt.log" 2>&1 || true; fi
}

missing=()
for pair in $NEEDED; do
  [ -e "${pair%%:*}" ] || command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
if ! python=$(bash tests/gates/find_python.sh 11 14); then
  # Ubuntu 22.04 has an older python3, and a newer one beside it.
  venv=python3-venv
  if [ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info >= (3, 11))'; then venv=python3.11-venv; fi
  missing+=("$venv")
fi

if [ "${#missing[@]}" -gt 0 ]; then
  install="apt-get install -y --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    printf 'Missing: %s\nInstall them as root, on Debian or Ubuntu with:\n  sudo apt-get update\n  sudo %s\n' "${missing[*]}" "$install" >&2
    exit 1
  fi
  printf 'installing %s\n' "${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  keep_engines_off
  { apt-get update && $install; } >"$BUILD/apt.log" 2>&1 || { tail -n 30 "$BUILD/apt.log" >&2; exit 1; }
  forget_engines
  python=$(bash tests/gates/find_python.sh 11 14) || {
    echo "No Python 3.11 or newer with the venv module was found; Ansible needs one on the controller." >&2
    exit 1
  }
fi

link=$BUILD/collections/ansible_collections/netloom/container_net
mkdir -p "${link%/*}"
ln -sfn "$ROOT" "$link"

bash tests/gates/make_venv.sh .venv "$python" -r requirements-dev.txt
