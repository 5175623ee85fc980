# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The one door to netlink: many messages in one datagram, every answer awaited with a time limit, every change recorded."""

from __future__ import annotations

import select
import socket
import struct
import time
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._model.errors import ContainerNetError, KernelRace, KernelTimeout, RequestFailed, errno_name
from .netlink import (
    NFT_GETTABLE,
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_REQUEST,
    RTM_GETADDR,
    RTM_GETLINK,
    RTM_GETNEIGH,
    RTM_GETNSID,
    RTM_GETQDISC,
    RTM_GETROUTE,
    RTM_GETRULE,
)

SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK = 270, 10, 11, 12
NETLINK_ROUTE, NETLINK_NETFILTER = 0, 12
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_DUMP_INTR, NLM_F_ACK_TLVS = 0x10, 0x200
HEADER = struct.Struct("=IHHII")
TYPE, SEQUENCE = struct.Struct("=4xH"), struct.Struct("=I")
# Errors queue up in the receive buffer while the kernel works through a datagram; these bounds keep them inside the default 208 KiB.
MESSAGES_PER_DATAGRAM = 128
BYTES_PER_DATAGRAM = 64 * 1024
# Twice what the kernel puts into a datagram. From 128 KiB on, the C library maps fresh memory each time, which takes longer than the answer.
RECEIVE_SIZE = 64 * 1024
DUMP_ATTEMPTS = 8
# What is read with which message.
NOUNS: Mapping[int, str] = {
    RTM_GETLINK: "links",
    RTM_GETADDR: "addresses",
    RTM_GETROUTE: "routes",
    RTM_GETNEIGH: "neighbours and forwarding entries",
    RTM_GETRULE: "routing rules",
    RTM_GETNSID: "namespaces",
    RTM_GETQDISC: "limits",
    NFT_GETTABLE: "tables of nftables",
}
LOST = -1

# Called before every message with its place and bytes: None lets it pass, an errno pretends the kernel's refusal, LOST swallows it.
Fault = Callable[[str, bytes], Optional[int]]


class Refusal(NamedTuple):
    """The kernel's answer to one message of a batch."""

    position: int
    errno: int
    reason: str


class Door:
    """Counts and guards all netlink traffic of a run. `changes` lists (place, message type) of every mutating message."""

    def __init__(self, *, timeout: float = 10.0, messages_per_datagram: int = MESSAGES_PER_DATAGRAM, fault: Optional[Fault] = None) -> None:
        self.timeout = timeout
        self.messages_per_datagram = messages_per_datagram
        self.fault = fault
        self.changes: List[Tuple[str, int]] = []

    def open(self, place: str, family: int = NETLINK_ROUTE) -> "Line":
        """Open a line to the namespace the process is in at this moment."""
        return Line(self, place, family)


class Line:
    """One netlink socket inside one namespace."""

    def __init__(self, door: Door, place: str, family: int) -> None:
        self._door = door
        self._place = place
        self._sequence = 0
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, family)
        for option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK):
            try:
                self._socket.setsockopt(SOL_NETLINK, option, 1)
            except OSError:
                pass  # kernels before 4.20; the answers are then longer or less filtered
        self._socket.bind((0, 0))

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_unused: object) -> None:
        self.close()

    def change(self, messages: Sequence[bytes], name: Optional[Callable[[int], str]] = None) -> List[Refusal]:
        """Send mutating messages in order; return what the kernel refused. `name` says for people what a message is sent for."""
        refusals: List[Refusal] = []
        start = 0
        while start < len(messages):
            end, size = start, 0
            while end < len(messages) and end - start < self._door.messages_per_datagram and (end == start or size + len(messages[end]) <= BYTES_PER_DATAGRAM):
                size += len(messages[end]) + 3
                end += 1
            try:
                refusals.extend(self._send(messages[start:end], start))
            except (KernelTimeout, OSError) as error:
                # One answer is for all that were sent together.
                sent = list(dict.fromkeys(map(name, range(start, end)))) if name is not None else []
                raise _named(sent[0] + (" and %d more" % (len(sent) - 1) if sent[1:] else "") if sent else "", error) from error
            start = end
        return refusals

    def _send(self, messages: Sequence[bytes], offset: int) -> List[Refusal]:
        first = self._sequence + 1
        datagram = bytearray()
        lost = False
        refusals = []
        passed = []
        for position, message in enumerate(messages):
            answer = self._door.fault(self._place, message) if self._door.fault else None
            if answer is None:
                passed.append((position, message))
            elif answer == LOST:
                lost = True
            else:
                refusals.append(Refusal(offset + position, answer, "refused"))
        for position, message in passed:
            begin = len(datagram)
            datagram += message
            if len(message) % 4:
                datagram += bytes(-len(message) % 4)
            SEQUENCE.pack_into(datagram, begin + 8, first + position)
        self._door.changes.extend([(self._place, TYPE.unpack_from(message)[0]) for _position, message in passed])
        self._sequence += len(messages)
        if lost:
            raise KernelTimeout("the kernel did not answer within %g s" % self._door.timeout)
        if not passed:
            return refusals
        struct.pack_into("=H", datagram, begin + 6, HEADER.unpack_from(datagram, begin)[2] | NLM_F_ACK)
        self._socket.send(datagram)
        last = first + passed[-1][0]
        deadline = time.monotonic() + self._door.timeout
        while True:
            for message_type, flags, sequence, payload in self._receive(deadline):
                if message_type != NLMSG_ERROR or not first <= sequence <= last:
                    continue
                number = -struct.unpack_from("=i", payload)[0]
                if number:
                    refusals.append(Refusal(offset + sequence - first, number, _reason(payload, flags)))
                if sequence == last:
                    return sorted(refusals, key=lambda refusal: refusal.position)

    def _receive(self, deadline: float) -> Iterator[Tuple[int, int, int, bytes]]:
        data, sender = self._take(deadline)
        if sender[0] != 0:
            return
        offset, size = 0, len(data)
        while offset + 16 <= size:
            length, message_type, flags, sequence, _port = HEADER.unpack_from(data, offset)
            if length < 16:
                return
            yield message_type, flags, sequence, data[offset + 16 : offset + length]
            offset += (length + 3) & ~3

    def _take(self, deadline: float) -> Tuple[bytes, Any]:
        """Return the next datagram and who sent it. The kernel answers while the question is sent, so there is seldom anything to wait for."""
        while True:
            try:
                return self._socket.recvfrom(RECEIVE_SIZE)
            except BlockingIOError:
                waiting = select.poll()
                waiting.register(self._socket, select.POLLIN)
                left = deadline - time.monotonic()
                if not waiting.poll(max(left, 0.001) * 1000):
                    raise KernelTimeout("the kernel did not answer within %g s" % self._door.timeout) from None

    def _reading(self, request: bytes) -> str:
        return "reading %s%s" % (NOUNS.get(HEADER.unpack_from(request)[1], "connections"), " in %s" % self._place if self._place else "")

    def dump(self, request: bytes) -> List[bytes]:
        """Return the payload of every object; a dump torn by a concurrent change is asked again, never believed."""
        for _attempt in range(DUMP_ATTEMPTS):
            try:
                found = self._dump(request)
            except (KernelTimeout, OSError) as error:
                raise _named(self._reading(request), error) from error
            if found is not None:
                return found
        raise KernelRace("the kernel's tables kept changing while they were read")

    def ask(self, request: bytes) -> bytes:
        """Return the payload of the one answer to a question."""
        self._sequence += 1
        message = bytearray(request)
        struct.pack_into("=I", message, 8, self._sequence)
        deadline = time.monotonic() + self._door.timeout
        try:
            self._socket.send(message)
            while True:
                for message_type, flags, sequence, payload in self._receive(deadline):
                    if sequence != self._sequence:
                        continue
                    if message_type == NLMSG_ERROR:
                        raise OSError(-struct.unpack_from("=i", payload)[0], _reason(payload, flags))
                    return payload
        except (KernelTimeout, OSError) as error:
            raise _named(self._reading(request), error) from error

    def _dump(self, request: bytes) -> Optional[List[bytes]]:
        self._sequence += 1
        mine = self._sequence
        message = bytearray(request)
        struct.pack_into("=HI", message, 6, NLM_F_REQUEST | NLM_F_DUMP, mine)
        self._socket.send(message)
        deadline = time.monotonic() + self._door.timeout
        found: List[bytes] = []
        torn = False
        while True:
            for message_type, flags, sequence, payload in self._receive(deadline):
                if sequence != mine:
                    continue
                torn = torn or bool(flags & NLM_F_DUMP_INTR)
                if message_type == NLMSG_DONE:
                    return None if torn else found
                if message_type == NLMSG_ERROR:
                    number = -struct.unpack_from("=i", payload)[0]
                    raise OSError(number, _reason(payload, flags))
                found.append(payload)


def _named(what: str, error: Exception) -> ContainerNetError:
    """Return an error that says what for there was no answer, and why."""
    if isinstance(error, OSError):
        reason = errno_name(error.errno) + (": " + error.strerror if error.strerror else "")
        return RequestFailed(what or "netlink", error.errno or 0, reason)
    return KernelTimeout("%s: %s" % (what, error) if what else str(error))


def _reason(payload: bytes, flags: int) -> str:
    """Return the kernel's extended error text, if it gave one."""
    if not flags & NLM_F_ACK_TLVS:
        return ""
    attributes = read_attributes(payload, 20, len(payload))
    return attributes.get(1, b"").rstrip(b"\0").decode("utf-8", "replace")


def read_attributes(data: bytes, start: int, end: int) -> Dict[int, bytes]:
    """Return the netlink attributes between two offsets, by number, without the nested and byte-order bits."""
    found: Dict[int, bytes] = {}
    unpack = _ATTRIBUTE.unpack_from
    while start + 4 <= end:
        length, number = unpack(data, start)
        if length < 4:
            break
        found[number & 0x3FFF] = data[start + 4 : start + length]
        start += (length + 3) & ~3
    return found


def read_all(data: bytes, number: int) -> List[bytes]:
    """Return the values of an attribute that is there many times."""
    found: List[bytes] = []
    start = 0
    while start + 4 <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, start)
        if length < 4:
            break
        if kind & 0x3FFF == number:
            found.append(data[start + 4 : start + length])
        start += (length + 3) & ~3
    return found


_ATTRIBUTE = struct.Struct("=HH")
