# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import os
from typing import Optional

ROOT = "/proc/sys"


def read_sysctl(path: str) -> Optional[str]:
    """Return a value of the current namespace, or None where the kernel has no such key (or it is not for us to read)."""
    try:
        descriptor = os.open("%s/%s" % (ROOT, path), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return " ".join(os.read(descriptor, 4096).decode("ascii", "replace").split())
    except OSError:
        return None
    finally:
        os.close(descriptor)


def write_sysctl(path: str, value: str) -> None:
    descriptor = os.open("%s/%s" % (ROOT, path), os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, value.encode("ascii") + b"\n")
    finally:
        os.close(descriptor)


def link_sysctl_path(name: str, setting: str) -> str:
    """Return the path of `ipv6/accept_ra` for an interface."""
    family, key = setting.split("/")
    return "net/%s/conf/%s/%s" % (family, name, key)


def has_ipv6() -> bool:
    return os.path.isdir(ROOT + "/net/ipv6/conf")
