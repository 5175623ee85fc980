# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to netlink: against the real kernel where it can be made to answer so, else against a scripted socket."""

from __future__ import annotations

import errno
import socket
import struct
from typing import Any, Dict, List, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel import link, netlink, parse
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import (
    DUMP_ATTEMPTS,
    HEADER,
    LOST,
    MESSAGES_PER_DATAGRAM,
    NLM_F_ACK_TLVS,
    NLM_F_DUMP_INTR,
    NLMSG_DONE,
    NLMSG_ERROR,
    Door,
    Line,
    Refusal,
    read_attributes,
)
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import KernelError, KernelRace, KernelTimeout
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from fresh_network import in_fresh_network

DUMP_LINKS = netlink.link_message(netlink.RTM_GETLINK, 0, [])
KERNEL = (0, 0)


def bridge(name: str, index: int) -> bytes:
    message = link.create_link(Link("", name, kind=Bridge()), None, lambda _place, _name: index, lambda _place: 0)
    assert message is not None
    return message


def names(line: Line) -> List[str]:
    return sorted(name for name in (parse.parse_link("", payload).link.name for payload in line.dump(DUMP_LINKS)) if name.startswith(("b", "lo")))


def changed(messages: Sequence[bytes], **options: Any) -> Tuple[List[Refusal], List[str], List[Tuple[str, int]]]:
    """Send messages in a fresh network; return what was refused, which links there are then, and what was recorded."""

    def work() -> Any:
        door = Door(**options)
        with door.open("here") as line:
            refusals = line.change(messages)
            return refusals, names(line), door.changes

    found: Tuple[List[Refusal], List[str], List[Tuple[str, int]]] = in_fresh_network(work)
    return found


def test_a_dump_needs_no_privilege() -> None:
    with Door().open("") as line:
        found = {parse.parse_link("", payload).link.name for payload in line.dump(DUMP_LINKS)}
    assert found == {name for _index, name in socket.if_nameindex()}


@pytest.mark.parametrize("size", [1, 2, 3, MESSAGES_PER_DATAGRAM])
def test_refusals_are_found_at_their_place_and_stop_nothing(size: int) -> None:
    nobody = netlink.link_message(netlink.RTM_DELLINK, netlink.NLM_F_REQUEST, [], index=99)
    batch = [bridge("b0", 10), bridge("b0", 11), nobody, bridge("b2", 12), bridge("b2", 12)]
    refusals, links, record = changed(batch, messages_per_datagram=size)
    assert [(refusal.position, refusal.errno) for refusal in refusals] == [(1, errno.EEXIST), (2, errno.ENODEV), (4, errno.EEXIST)]
    assert links == ["b0", "b2", "lo"]
    assert record == [("here", netlink.RTM_NEWLINK)] * 2 + [("here", netlink.RTM_DELLINK)] + [("here", netlink.RTM_NEWLINK)] * 2


def test_a_batch_larger_than_a_datagram() -> None:
    """More messages than one datagram takes, and more octets than one datagram takes."""
    long_alias = [netlink.link_message(netlink.RTM_NEWLINK, netlink.NLM_F_REQUEST, [("IFLA_IFALIAS", "x" * 250)], index=10)] * 600
    batch = [bridge("b0", 10), *long_alias, bridge("b0", 11)]
    refusals, links, record = changed(batch, messages_per_datagram=1000)
    assert [refusal.position for refusal in refusals] == [601]
    assert links == ["b0", "lo"]
    assert len(record) == 602


def test_the_kernels_own_words_are_kept() -> None:
    nowhere = netlink.link_message(
        netlink.RTM_NEWLINK, netlink.CREATE_NEW, [("IFLA_IFNAME", "b0"), ("IFLA_LINKINFO", {"attrs": [("IFLA_INFO_KIND", "nosuchkind")]})]
    )
    refusals, _links, _record = changed([nowhere])
    assert refusals == [Refusal(0, errno.EOPNOTSUPP, "Unknown device type")]


def test_nothing_to_send() -> None:
    assert changed([])[0::2] == ([], [])


def test_a_pretended_refusal_reaches_no_kernel() -> None:
    faults: Dict[bytes, Any] = {bridge("b1", 11): errno.EPERM}
    batch = [bridge("b0", 10), bridge("b1", 11), bridge("b0", 12)]
    refusals, links, record = changed(batch, fault=lambda _place, message: faults.get(message))
    assert refusals == [Refusal(1, errno.EPERM, "refused"), refusals[1]]
    assert (refusals[1].position, refusals[1].errno) == (2, errno.EEXIST)
    assert links == ["b0", "lo"]
    assert len(record) == 2


def test_a_lost_message_is_a_timeout() -> None:
    def work() -> List[str]:
        door = Door(timeout=0.1, fault=lambda _place, message: LOST if message == bridge("b1", 11) else None)
        with door.open("") as line, pytest.raises(KernelTimeout, match=r"did not answer within 0\.1 s"):
            line.change([bridge("b0", 10), bridge("b1", 11)])
        with Door().open("") as line:
            return names(line)

    assert in_fresh_network(work) == ["lo"]


def test_a_refused_dump_is_an_error() -> None:
    with Door().open("a") as line, pytest.raises(OSError, match=r"\Areading connections in a: (ENOTSUP|EOPNOTSUPP)") as caught:
        line.dump(netlink.link_message(netlink.RTM_GETLINK + 400, 0, []))
    assert isinstance(caught.value, KernelError)
    assert caught.value.errno == errno.EOPNOTSUPP


def test_answers_of_other_processes_are_not_believed() -> None:
    """Whoever may send to our socket could otherwise acknowledge what the kernel refused."""

    def work() -> List[int]:
        with Door(timeout=2).open("") as line, socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as other:
            other.bind((0, 0))
            fine = HEADER.pack(20, NLMSG_ERROR, 0, 1, 0) + struct.pack("=i", 0)
            other.sendto(fine, (line._socket.getsockname()[0], 0))
            return [refusal.errno for refusal in line.change([netlink.link_message(netlink.RTM_DELLINK, netlink.NLM_F_REQUEST, [], index=99)])]

    assert in_fresh_network(work) == [errno.ENODEV]


class Scripted:
    """A socket that answers each request with the next of its datagrams."""

    def __init__(self, *datagrams: Tuple[bytes, Tuple[int, int]]) -> None:
        self.datagrams = list(datagrams)
        self.sent: List[bytes] = []
        self._silent, self._other = socket.socketpair()

    def send(self, data: bytes) -> None:
        self.sent.append(bytes(data))

    def fileno(self) -> int:
        return self._silent.fileno()

    def recvfrom(self, _size: int) -> Tuple[bytes, Tuple[int, int]]:
        if not self.datagrams:
            raise BlockingIOError
        return self.datagrams.pop(0)

    def close(self) -> None:
        self._silent.close()
        self._other.close()


def answer(sequence: int, message_type: int, payload: bytes = b"", flags: int = 0) -> bytes:
    data = HEADER.pack(16 + len(payload), message_type, flags, sequence, 0) + payload
    return data + bytes(-len(data) % 4)


def scripted(*datagrams: bytes, timeout: float = 0.1) -> Tuple[Line, Scripted]:
    line = Door(timeout=timeout).open("")
    line.close()
    fake = Scripted(*((data, KERNEL) for data in datagrams))
    line._socket = fake  # type: ignore[assignment]
    return line, fake


def test_a_torn_dump_is_asked_again() -> None:
    line, fake = scripted(
        answer(1, netlink.RTM_NEWLINK, b"old1") + answer(1, netlink.RTM_NEWLINK, b"old2", NLM_F_DUMP_INTR) + answer(1, NLMSG_DONE),
        answer(1, netlink.RTM_NEWLINK, b"late") + answer(2, netlink.RTM_NEWLINK, b"new1"),
        answer(2, netlink.RTM_NEWLINK, b"new2") + answer(2, NLMSG_DONE),
    )
    assert line.dump(DUMP_LINKS) == [b"new1", b"new2"]
    assert len(fake.sent) == 2


def test_tables_that_never_hold_still() -> None:
    line, fake = scripted(*(answer(number, NLMSG_DONE, flags=NLM_F_DUMP_INTR) for number in range(1, 20)))
    with pytest.raises(KernelRace):
        line.dump(DUMP_LINKS)
    assert len(fake.sent) == DUMP_ATTEMPTS


def test_a_silent_kernel_is_a_timeout() -> None:
    line, _fake = scripted()
    with pytest.raises(KernelTimeout, match=r"\Areading links.*: the kernel did not answer within "):
        line.dump(DUMP_LINKS)
    with pytest.raises(KernelTimeout, match=r"\Areading links.*: the kernel did not answer within "):
        line.ask(DUMP_LINKS)
    for steps, words in (
        ((), r"\Athe kernel did not answer"),
        (("+ bridge a", "+ bridge a"), r"\A\+ bridge a: the kernel"),
        (("+ bridge a", "+ bridge b", "- veth c"), r"\A\+ bridge a and 2 more: the kernel did not answer within "),
    ):
        with pytest.raises(KernelTimeout, match=words):
            line.change([DUMP_LINKS] * max(1, len(steps)), steps.__getitem__ if steps else None)


def test_only_the_last_message_of_a_datagram_asks_for_an_answer() -> None:
    line, fake = scripted(answer(3, NLMSG_ERROR, struct.pack("=i", 0)))
    assert line.change([bridge("b0", 10), bridge("b1", 11), bridge("b2", 12)]) == []
    (datagram,) = fake.sent
    headers, offset = [], 0
    while offset < len(datagram):
        length, _type, flags, sequence, _port = HEADER.unpack_from(datagram, offset)
        headers.append((sequence, bool(flags & 4)))
        offset += (length + 3) & ~3
    assert headers == [(1, False), (2, False), (3, True)]


def test_a_late_answer_to_an_earlier_batch_is_ignored() -> None:
    refusal = struct.pack("=i", -errno.EEXIST)
    line, _fake = scripted(
        answer(1, NLMSG_ERROR, struct.pack("=i", 0)),
        answer(1, NLMSG_ERROR, refusal) + answer(2, NLMSG_ERROR, refusal) + answer(3, NLMSG_ERROR, struct.pack("=i", 0)),
    )
    assert line.change([bridge("b0", 10)]) == []
    assert [refusal.position for refusal in line.change([bridge("b1", 11), bridge("b2", 12)])] == [0]


def test_a_reason_behind_the_echoed_request() -> None:
    reason = struct.pack("=HH", 4 + 8, 1) + b"why not\0"
    line, _fake = scripted(answer(1, NLMSG_ERROR, struct.pack("=i", -errno.EINVAL) + bytes(16) + reason, NLM_F_ACK_TLVS))
    assert line.change([bridge("b0", 10)]) == [Refusal(0, errno.EINVAL, "why not")]


@pytest.mark.parametrize("data", [b"", b"\1", HEADER.pack(4, NLMSG_DONE, 0, 1, 0), HEADER.pack(0, 0, 0, 0, 0)])
def test_a_broken_datagram_hangs_nothing(data: bytes) -> None:
    line, _fake = scripted(data)
    with pytest.raises(KernelTimeout):
        line.dump(DUMP_LINKS)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", {}),
        (b"\x05\0\1\0A\0\0\0\x04\0\2\0", {1: b"A", 2: b""}),
        (b"\x08\0\1\x80ABCD", {1: b"ABCD"}),
        (b"\x08\0\1\x40ABCD", {1: b"ABCD"}),
        (b"\x00\0\1\0ABCD", {}),
        (b"\xff\0\1\0AB", {1: b"AB"}),
        (b"\x08\0\1", {}),
    ],
    ids=["none", "padded", "nested", "byte order", "no length", "cut short", "no header"],
)
def test_attributes(data: bytes, expected: Dict[int, bytes]) -> None:
    assert read_attributes(data, 0, len(data)) == expected
