# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The SSH connection a task came in on."""

from __future__ import annotations

import os
from typing import Mapping

NAME = "SSH_CONNECTION"
ANCESTORS = 64


def read_ssh_connection(environment: Mapping[str, str]) -> str:
    """Return "CLIENT PORT SERVER PORT", or nothing. sudo takes the variable away, so the processes before it are asked too."""
    found = environment.get(NAME, "")
    pid = os.getppid()
    home = _namespace("self")
    for _generation in range(ANCESTORS):
        # An ancestor on another network, as the holder of a simulated host has, came over a connection that does not lead here.
        if found or pid <= 1 or _namespace(str(pid)) != home:
            break
        found = _variable_of(pid)
        pid = _parent_of(pid)
    return found


def _namespace(pid: str) -> str:
    try:
        return os.readlink("/proc/%s/ns/net" % pid)
    except OSError:
        return ""


def _variable_of(pid: int) -> str:
    prefix = NAME.encode("ascii") + b"="
    for entry in _read("/proc/%d/environ" % pid).split(b"\0"):
        if entry.startswith(prefix):
            return entry[len(prefix) :].decode("ascii", "replace")
    return ""


def _parent_of(pid: int) -> int:
    # The command's name stands in brackets and may itself hold brackets and blanks.
    fields = _read("/proc/%d/stat" % pid).rpartition(b")")[2].split()
    return int(fields[1]) if len(fields) > 1 else 0


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return b""
