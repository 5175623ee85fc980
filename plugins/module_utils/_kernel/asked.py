# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Neighbours that the kernel asked for before they were there: it would not ask again for a second, and their packets wait that long."""

from __future__ import annotations

import errno
import socket
import time
from typing import Collection, Iterator, Mapping, NamedTuple

from .._model.errors import RequestFailed
from . import netlink, parse
from .door import Line, read_attributes
from .netlink import NLM_F_REPLACE, NLM_F_REQUEST

LIMIT = 0.5  # seconds in which links run; the kernel takes some milliseconds
POLL_INTERVAL = 0.001
HEADER = 16  # bytes before the attributes of a link
OPERATIONAL_STATE, RUNS = 16, b"\x06"  # IF_OPER_UP
NUD_INCOMPLETE, NUD_STALE, NUD_FAILED = 0x01, 0x04, 0x20


class Known(NamedTuple):
    """Where an address is, as we made it."""

    link: int  # number of the host's link that leads there
    address: str


def await_running(line: Line, indices: Collection[int]) -> None:
    """Wait until links that were raised run, for a while: before that, the kernel drops what they should send."""
    deadline = time.monotonic() + LIMIT
    waiting = set(indices)
    while True:
        waiting = {index for index in waiting if not _runs(line, index)}
        if not waiting or time.monotonic() > deadline:
            return
        time.sleep(POLL_INTERVAL)


def _runs(line: Line, index: int) -> bool:
    """Tell whether a link runs; one that is gone with its container is not waited for."""
    try:
        payload = line.ask(netlink.link_message(netlink.RTM_GETLINK, NLM_F_REQUEST, [], index=index))
    except RequestFailed as error:
        if error.errno != errno.ENODEV:
            raise
        return True
    return read_attributes(payload, HEADER, len(payload)).get(OPERATIONAL_STATE) == RUNS


def answer_asked(line: Line, macs: Mapping[Known, str]) -> None:
    """Tell the kernel the neighbours that it asks for in vain; what waits for them goes at once, and it asks them itself whether that is right."""
    messages = list(_answers(line, macs))
    if messages:
        line.change(messages)  # one that is refused is not asked for any more


def _answers(line: Line, macs: Mapping[Known, str]) -> Iterator[bytes]:
    families = {socket.AF_INET6 if ":" in known.address else socket.AF_INET for known in macs}
    for index in sorted({known.link for known in macs}):
        for family in sorted(families):
            request = netlink.neighbour_message(netlink.RTM_GETNEIGH, 0, [("NDA_IFINDEX", index)], index=0, family=family, state=0)
            for entry in parse.parse_neighbours(line.dump(request)):
                mac = macs.get(Known(entry.device, entry.ip or ""))
                if mac and entry.state & (NUD_INCOMPLETE | NUD_FAILED):
                    attributes = [("NDA_DST", entry.ip), ("NDA_LLADDR", mac)]
                    yield netlink.neighbour_message(
                        netlink.RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_REPLACE, attributes, index=entry.device, family=family, state=NUD_STALE
                    )
