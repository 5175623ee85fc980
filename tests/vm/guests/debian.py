# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m guests.debian FOLDER PACKAGE...`: put a minimal Debian into a folder. Needs root, debootstrap, a Debian mirror."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Iterable, Optional

SUITE = os.environ.get("CONTAINER_NET_DEBIAN_SUITE") or "bookworm"
MIRROR = "http://deb.debian.org/debian"
CANNOT = 77  # exit status: this machine cannot build it, the reason is on standard output


class CannotBuild(Exception):
    """What this machine lacks."""


def find_mirror() -> str:
    """The mirror in the environment, else the one this machine's apt has for the suite, else Debian's."""
    wanted = os.environ.get("CONTAINER_NET_VM_MIRROR")
    if wanted:
        return wanted.rstrip("/")
    if shutil.which("apt-get"):
        targets = _output("apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)", "Created-By: Packages")
        for line in targets.splitlines():
            release, component, address = line.split(" ", 2)
            if (release, component) == (SUITE, "main") and address.startswith(("http://", "https://")):
                return address.rstrip("/")
    return MIRROR


def require_debian(mirror: str) -> None:
    """Raise CannotBuild unless a Debian can be put into a folder here."""
    if os.geteuid() != 0:
        raise CannotBuild("debootstrap needs root")
    if not shutil.which("debootstrap"):
        raise CannotBuild("there is no debootstrap")
    release = "%s/dists/%s/InRelease" % (mirror, SUITE)
    try:
        with urllib.request.urlopen(release, timeout=20):
            pass
    except (urllib.error.URLError, OSError) as error:
        raise CannotBuild("no Debian mirror within reach: %s: %s" % (release, error)) from error


def bootstrap(root: Path, packages: Iterable[str], mirror: str, log: Path) -> None:
    """Put the minimal system and the packages into the folder."""
    environment = dict(os.environ, LC_ALL="C.UTF-8", DEBIAN_FRONTEND="noninteractive")
    proxy = _apt_proxy()
    if proxy:
        environment.setdefault("http_proxy", proxy)
    # In a mount namespace, so that a build that was killed leaves no mounts; in a process namespace, so that it leaves no daemons.
    apart = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--")
    command = (*apart, "debootstrap", "--variant=minbase", "--include=" + ",".join(packages), SUITE, str(root), mirror)
    with open(log, "w", encoding="utf-8") as output:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment, timeout=600, check=False)
    if done.returncode:
        sys.exit("debootstrap failed, see %s:\n%s" % (log, "".join(log.read_text(encoding="utf-8").splitlines(keepends=True)[-15:])))


def _apt_proxy() -> Optional[str]:
    if not shutil.which("apt-config"):
        return None
    found = _output("apt-config", "dump", "--format", "%v", "Acquire::http::Proxy")
    return found if found.startswith("http") else None


def _output(*command: str) -> str:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False).stdout.strip()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    try:
        require_debian(find_mirror())
    except CannotBuild as reason:
        print(reason)
        sys.exit(CANNOT)
    bootstrap(folder, sys.argv[2:], find_mirror(), folder.with_name(folder.name + ".log"))
