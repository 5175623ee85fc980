# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a container: BusyBox, so that nothing has to be fetched."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

BUSYBOX = shutil.which("busybox") or "/bin/busybox"
APPLETS = ("sh", "sleep", "nc", "echo", "ip", "cat", "kill", "true")


def make_tree(place: Path) -> Path:
    """Make the root of a container: BusyBox and the folders a runtime mounts on."""
    for folder in ("bin", "dev", "etc", "proc", "sys", "tmp", "run"):
        (place / folder).mkdir(parents=True)
    shutil.copy(BUSYBOX, place / "bin" / "busybox")
    listed = subprocess.run(["ldd", BUSYBOX], capture_output=True, text=True, check=False)
    for library in re.findall(r"/\S+", listed.stdout if listed.returncode == 0 else ""):
        (place / library.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, place / library.lstrip("/"))
    for applet in APPLETS:
        (place / "bin" / applet).symlink_to("busybox")
    return place


def pack_tree(tree: Path) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.add(tree, arcname=".")
    return stream.getvalue()
