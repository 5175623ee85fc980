# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a responder says, and how a check reads it."""

from __future__ import annotations

PREFIX = b"container-net "
LINE_LIMIT = 512


def banner(name: str, token: bytes = b"") -> bytes:
    """Return the line of a responder; a datagram is answered with the token that it brought."""
    return PREFIX + name.encode() + (b" " + token if token else b"") + b"\n"


def read_banner(line: bytes) -> str:
    """Return the name in a responder's line; for a stranger's line, the line."""
    text = line.split(b"\n")[0].strip()
    if text.startswith(PREFIX):
        text = text[len(PREFIX) :].split(b" ")[0]
    return text.decode("ascii", "backslashreplace")
