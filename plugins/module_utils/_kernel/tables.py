# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The tables of nftables."""

from __future__ import annotations

import errno
from typing import List

from .door import HEADER, NETLINK_NETFILTER, Door, read_attributes
from .netlink import NFT_GETTABLE, NLM_F_REQUEST

NAME = 1
UNKNOWN = (errno.EINVAL, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT)  # what a kernel without nftables says to a question about it
FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}


def list_tables() -> List[str]:
    """Return the tables of the process's namespace in the words of nft, none where the kernel has none. To start nft takes a hundred times as long."""
    question = HEADER.pack(HEADER.size + 4, NFT_GETTABLE, NLM_F_REQUEST, 0, 0) + bytes(4)
    try:
        with Door().open("", NETLINK_NETFILTER) as line:
            found = line.dump(question)
    except OSError as error:
        if error.errno not in UNKNOWN:
            raise
        return []
    return ["%s %s" % (FAMILIES.get(payload[0], payload[0]), _name(payload)) for payload in found]


def _name(payload: bytes) -> str:
    return read_attributes(payload, 4, len(payload)).get(NAME, b"").rstrip(b"\0").decode("utf-8", "replace")
