# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The program container-net as one file, made of the engine of this collection: the same sources give the same bytes."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from pathlib import Path
from typing import Iterator, Tuple

from ..module_utils._model.names import STORE_DIRECTORY

COLLECTION = Path(__file__).resolve().parents[2]
ENGINE = COLLECTION / "plugins" / "module_utils"
BESIDE = COLLECTION / "roles" / "boot" / "files"  # what the program puts beside itself
PACKAGE = "container_net"
LEFT_OUT = frozenset(("_ansible", "__pycache__"))  # what needs Ansible, and what is made of the sources
# What Python compiled once for a host is taken from there: see _boot/bytecode.py.
MAIN = """\
import os
import sys
from importlib.util import MAGIC_NUMBER

compiled = "%s/program-%s-" + MAGIC_NUMBER.hex() + ".zip"
if os.path.exists(compiled):
    sys.path.insert(0, compiled)

from container_net._boot.main import main

sys.exit(main(compiled=compiled))
"""
INTERPRETER = re.compile(r"/[!-~]+( -[!-~]+)?")


def build_program(interpreter: str) -> bytes:
    """Return the program for a Python of the host, given by its absolute path."""
    if not INTERPRETER.fullmatch(interpreter):
        raise ValueError("the path of a host's Python is absolute and has no spaces, not %r" % interpreter)
    archive = io.BytesIO()
    # Not compressed: another zlib would make other bytes of it, and Python would be slower to start.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        files = dict(_files())
        checksum = hashlib.sha256(b"\0".join(part for name in files for part in (name.encode(), files[name]))).hexdigest()
        for name, text in {"__main__.py": (MAIN % (STORE_DIRECTORY, checksum[:16])).encode("ascii"), **files}.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, text)
    return b"#!%s\n%s" % (interpreter.encode("ascii"), archive.getvalue())


def _files() -> Iterator[Tuple[str, bytes]]:
    yield PACKAGE + "/__init__.py", b""
    for path in sorted(ENGINE.rglob("*.py")):
        inside = path.relative_to(ENGINE)
        if LEFT_OUT.isdisjoint(inside.parts):
            yield "%s/%s" % (PACKAGE, inside.as_posix()), path.read_bytes()
    for path in sorted(BESIDE.iterdir()):
        yield "%s/files/%s" % (PACKAGE, path.name), path.read_bytes()
