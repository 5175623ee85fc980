# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The program's modules compiled for the Python of this host: Python keeps no bytecode of what lies in an archive, and compiling is most of a start."""

from __future__ import annotations

import io
import marshal
import os
import zipfile
from contextlib import suppress
from importlib.util import MAGIC_NUMBER
from typing import List

from .._kernel.hostlock import ensure_private_directory
from .._kernel.statefile import write_whole

PREFIX = "program-"
UNCHECKED = (1).to_bytes(4, "little") + bytes(8)  # nobody compares it with the source: its name has the checksum of all sources


def keep_bytecode(program: str, path: str) -> None:
    """Write what the program looks for when it starts, in the place of what older ones looked for."""
    if os.path.exists(path):
        return
    ensure_private_directory(os.path.dirname(path))
    for old in _list_kept(os.path.dirname(path)):
        os.unlink(old)
    with suppress(OSError):  # on a full disk, a start takes longer
        write_whole(path, _compile(program))


def remove_bytecode(directory: str) -> None:
    """Remove what any program of ours looked for there, and the directory where nothing else is kept in it."""
    for old in _list_kept(directory):
        os.unlink(old)
    with suppress(OSError):
        os.rmdir(directory)


def _list_kept(directory: str) -> List[str]:
    try:
        return [os.path.join(directory, name) for name in os.listdir(directory) if name.startswith(PREFIX)]
    except FileNotFoundError:
        return []


def _compile(program: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(program) as sources, zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for name in sources.namelist():
            content = sources.read(name)
            if name.endswith(".py"):
                code = compile(content, "%s/%s" % (program, name), "exec", dont_inherit=True)
                packed.writestr(name + "c", MAGIC_NUMBER + UNCHECKED + marshal.dumps(code))
            else:
                packed.writestr(name, content)
    return archive.getvalue()
