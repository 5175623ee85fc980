# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every type of request that we send, answered with every error that may come: one clear line, everything as before, and nothing waits for ever."""

from __future__ import annotations

import errno
import os
import struct
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel import netlink
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import LOST, NOUNS, Door
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError, errno_name
from ansible_collections.netloom.container_net.plugins.module_utils._runtime import docker, podman, tool
from harness.engine import converge, reach
from harness.faults import fail_reading, refuse_once
from harness.host import Child, on_fake_host, share_out
from harness.kills import EVERY_POINT
from harness.runs import EVERY_REQUEST
from harness.snapshot import differences, take_snapshot

ERRNOS = (errno.EBUSY, errno.ENOBUFS, errno.EEXIST, errno.ENODEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOMEM, errno.EMFILE, errno.ENOSPC)
QUICK = (errno.EBUSY, errno.ENOBUFS, errno.EEXIST, errno.ENODEV, errno.EPERM)
CHOSEN = ERRNOS if os.environ.get(EVERY_POINT) else QUICK
# Somebody else's change explains these, so the run plans again, and need not fail.
PASSING = (errno.EEXIST, errno.EBUSY, errno.ENODEV)
KINDS = {name: number for name, number in vars(netlink).items() if name.startswith(("RTM_NEW", "RTM_DEL"))}
WAYS = ("not taken", "not given", "refused")


class Try(NamedTuple):
    """A request of a run, and what it is answered."""

    run: str
    position: int
    kind: int
    number: int


def kind_of(message: bytes) -> int:
    number: int = struct.unpack_from("=H", message, 4)[0]
    return number


def list_requests(name: str) -> List[int]:
    """Return the types of what a run sends, in their order."""
    start, goal = EVERY_REQUEST[name]

    def body() -> List[int]:
        reach(start)
        kinds: List[int] = []
        converge(goal, door=Door(messages_per_datagram=1, fault=lambda _place, message: kinds.append(kind_of(message))))
        return kinds

    return on_fake_host(body)


def choose(sent: Dict[str, List[int]]) -> Iterator[Try]:
    """Yield each type of request with each error, another request of that type each time."""
    for kind in sorted(KINDS.values()):
        places = [(name, position) for name, kinds in sent.items() for position, other in enumerate(kinds) if other == kind]
        for turn, number in enumerate(CHOSEN):
            yield Try(*places[turn * len(places) // len(CHOSEN)], kind, number)


def play(name: str, tries: Sequence[Try]) -> str:
    """Try one after the other on one host; what does not fail must be whole, what fails must have left everything as it was."""
    start, goal = EVERY_REQUEST[name]
    reach(start)
    before = take_snapshot(sysctls=False)
    for each in tries:
        what = "%s, message %d of type %d, %s" % (name, each.position, each.kind, errno_name(each.number))
        error: Optional[ContainerNetError] = None
        try:
            converge(goal, door=Door(messages_per_datagram=1, fault=refuse_once(each.position, each.number)))
        except ContainerNetError as caught:
            error = caught
        if error is None:
            if each.number not in PASSING:
                return "%s: it was not refused" % what
            if converge(goal).steps:
                return "%s: it is not whole" % what
            converge(start)
        else:
            text = str(error)
            if errno_name(each.number) not in text or "what stood before was put back" not in text or "\n" in text or not text.startswith(("+ ", "~ ", "- ")):
                return "%s: not one clear line: %s" % (what, text)
        left = differences(before, take_snapshot(sysctls=False))
        if left:
            return "%s: left behind:\n%s" % (what, left)
    return ""


def test_every_request_with_every_error() -> None:
    sent = {name: list_requests(name) for name in EVERY_REQUEST}
    assert {kind for kinds in sent.values() for kind in kinds} == set(KINDS.values())
    tries = list(choose(sent))
    assert len({(each.kind, each.number) for each in tries}) == len(KINDS) * len(CHOSEN) >= 50
    shares = [(name, [each for each in tries if each.run == name]) for name in EVERY_REQUEST]
    assert share_out(lambda share: on_fake_host(lambda: play(*share), timeout=900.0), shares, timeout=900.0) == []


@pytest.mark.fake_host(timeout=600.0)
def test_every_reading_with_every_error() -> None:
    """Of what is read, nothing is believed: the run ends before it has changed anything, and says what it could not read."""
    start, goal = EVERY_REQUEST["unmake"]
    reach(start)
    before = take_snapshot()

    def failing(kind: int, number: int, way: str) -> Tuple[bool, str]:
        met = fail_reading(kind, number, way)
        try:
            converge(goal, door=Door(timeout=0.2))
        except ContainerNetError as error:
            return bool(met), str(error)
        return bool(met), ""

    tried = 0
    for kind, noun in NOUNS.items():
        answers: List[Tuple[int, str]] = [(number, WAYS[turn % len(WAYS)]) for turn, number in enumerate(CHOSEN)]
        for number, way in [*answers, (LOST, "lost")]:
            what = "reading %s, %s %s" % (noun, errno_name(number), way)
            met, said = Child(lambda kind=kind, number=number, way=way: failing(kind, number, way)).result(30)
            assert met, what
            words = "the kernel did not answer within" if number == LOST else errno_name(number)
            assert said.startswith("reading " + noun), (what, said)
            assert words in said, (what, said)
            assert "\n" not in said, (what, said)
            tried += 1
    assert tried == len(NOUNS) * (len(CHOSEN) + 1) >= 36
    assert differences(before, take_snapshot()) == ""


def test_nothing_waits_longer_than_ten_seconds() -> None:
    assert max(Door().timeout, tool.TIME_LIMIT, docker.TIME_LIMIT, podman.TIME_LIMIT) <= 10
