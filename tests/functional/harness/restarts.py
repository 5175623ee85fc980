# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that keeps its files and starts anew: another network, another /run, another number of the boot."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import uuid
from functools import lru_cache
from typing import Callable, List, TypeVar

from ansible_collections.netloom.container_net.plugins.module_utils._kernel.store import BOOT_ID
from ansible_collections.netloom.container_net.plugins.plugin_utils.program import build_program

from harness.host import MS_BIND, libc, must, on_fake_host

Result = TypeVar("Result")
KEPT = "/var/lib"
PROGRAM = KEPT + "/container-net"


@lru_cache(maxsize=None)
def _built() -> bytes:
    return build_program(sys.executable)


def own_disk() -> None:
    """Give this host a directory of its own for what outlives a restart, with the program in it."""
    must(libc.mount(b"tmpfs", KEPT.encode(), b"tmpfs", ctypes.c_ulong(0), b"mode=755"), "mount %s" % KEPT)
    with open(PROGRAM, "wb") as stream:
        stream.write(_built())
    os.chmod(PROGRAM, 0o755)


def after_restart(function: Callable[[], Result]) -> Result:
    """Call a function on this host as it is right after a restart."""

    def body() -> Result:
        number = "/run/boot_id"
        with open(number, "w", encoding="ascii") as stream:
            stream.write("%s\n" % uuid.uuid4())
        must(libc.mount(number.encode(), BOOT_ID.encode(), None, ctypes.c_ulong(MS_BIND), None), "mount %s" % BOOT_ID)
        return function()

    return on_fake_host(body)


def container_net(*arguments: str, status: int = 0) -> List[str]:
    """Run the program, which must end so, and return its lines."""
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, "%s: status %d\n%s%s" % (arguments, done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr, done.stderr
    return (done.stdout + done.stderr).splitlines()
