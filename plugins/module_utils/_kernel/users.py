# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The user ids there are: in a user namespace the kernel takes no others in a firewall rule."""

from __future__ import annotations

from .._model.rule import Users

USER_MAP = "/proc/self/uid_map"


def list_users(path: str = USER_MAP) -> Users:
    """Return the first and the last of each range of ids, in their order."""
    with open(path, encoding="ascii") as lines:
        ranges = [tuple(map(int, line.split())) for line in lines]
    return tuple(sorted((first, first + count - 1) for first, _outside, count in ranges))
