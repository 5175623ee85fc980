# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""ICMP echo for both families, without tools of the host."""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from typing import Callable, NamedTuple

from .._model.checksum import internet_checksum
from .._model.errors import EnvironmentUnfit
from .._model.limits import IPV6_LEAST_MTU, MTU
from .check import PASS, REFUSE, Check, Outcome
from .refusal import NO_ANSWER, explain

IP_MTU_DISCOVER, IP_PMTUDISC_PROBE = 10, 3
IPV6_MTU_DISCOVER, IPV6_DONTFRAG = 23, 62
IP_MTU, IPV6_MTU = 14, 24
IP_HEADER, IPV6_HEADER, ICMP_HEADER = 20, 40, 8
TOKEN_SIZE = 8
LARGEST_PACKET = 65535
TOO_BIG_HERE, TOO_BIG_ON_THE_WAY = "too big for this host's interface", "too big for the way"
# A probe that goes unanswered costs this much at least, and this many round trips.
STEP_FLOOR, STEP_ROUND_TRIPS = 0.2, 10


class Echo(NamedTuple):
    """The answer to one echo request."""

    answered: bool
    too_big: str = ""  # who said that its size is too much
    detail: str = ""


def echo_request(version: int, identifier: int, sequence: int, payload: bytes) -> bytes:
    kind = 8 if version == 4 else 128
    head = struct.pack("!BBHHH", kind, 0, 0, identifier, sequence)
    # For ICMPv6 the kernel fills in the checksum, which covers addresses we do not know yet.
    total = internet_checksum(head + payload) if version == 4 else 0
    return struct.pack("!BBHHH", kind, 0, total, identifier, sequence) + payload


def is_reply(version: int, packet: bytes, identifier: int, token: bytes) -> bool:
    """Tell whether a received packet answers a request with our identifier and token."""
    if version == 4:
        packet = packet[(packet[0] & 15) * 4 :] if packet else packet
    if len(packet) < ICMP_HEADER + len(token):
        return False
    kind, _code, _sum, seen = struct.unpack("!BBHH", packet[:6])
    return kind == (0 if version == 4 else 129) and seen == identifier and packet[ICMP_HEADER : ICMP_HEADER + len(token)] == token


class Pinger:
    """A raw socket to one address."""

    def __init__(self, address: str, whole: bool) -> None:
        family, _type, _protocol, _name, target = socket.getaddrinfo(address, None, type=socket.SOCK_RAW, flags=socket.AI_NUMERICHOST)[0]
        self.version = 4 if family == socket.AF_INET else 6
        self.overhead = (IP_HEADER if self.version == 4 else IPV6_HEADER) + ICMP_HEADER
        self.identifier = int.from_bytes(os.urandom(2), "big")
        self.sequence = 0
        try:
            self.socket = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMP if self.version == 4 else socket.IPPROTO_ICMPV6)
        except PermissionError as error:
            raise EnvironmentUnfit("echo requests need root (CAP_NET_RAW)") from error
        try:
            if whole:
                self._forbid_fragments()
            # Connected, so that the kernel hands us the errors other hosts send back.
            self.socket.connect(target)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self) -> Pinger:
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()

    def _forbid_fragments(self) -> None:
        if self.version == 4:
            self.socket.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)
        else:
            self.socket.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, IP_PMTUDISC_PROBE)
            self.socket.setsockopt(socket.IPPROTO_IPV6, IPV6_DONTFRAG, 1)

    def route_mtu(self) -> int:
        """Return what the kernel believes about this path."""
        level, option = (socket.IPPROTO_IP, IP_MTU) if self.version == 4 else (socket.IPPROTO_IPV6, IPV6_MTU)
        return self.socket.getsockopt(level, option)

    def echo(self, size: int, wait: float) -> Echo:
        """Send one request in an IP packet of `size` bytes and wait for its answer."""
        token = os.urandom(TOKEN_SIZE)
        self.sequence = (self.sequence + 1) & 0xFFFF
        payload = token + bytes(max(0, size - self.overhead - len(token)))
        end = time.monotonic() + wait
        # An error that arrived late for an earlier request says nothing about this one.
        self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        try:
            self.socket.settimeout(wait)
            self.socket.send(echo_request(self.version, self.identifier, self.sequence, payload))
        except OSError as error:
            return Echo(False, TOO_BIG_HERE if error.errno == errno.EMSGSIZE else "", explain(error))
        try:
            while True:
                left = end - time.monotonic()
                if left <= 0:
                    return Echo(False, detail=NO_ANSWER)
                self.socket.settimeout(left)
                if is_reply(self.version, self.socket.recv(LARGEST_PACKET), self.identifier, token):
                    return Echo(True)
        except socket.timeout:
            return Echo(False, detail=NO_ANSWER)
        except OSError as error:
            return Echo(False, TOO_BIG_ON_THE_WAY if error.errno == errno.EMSGSIZE else "", explain(error))


def ping(check: Check) -> Outcome:
    """Send up to `count` requests within the time allowed; one answer is enough."""
    began = time.monotonic()
    detail = NO_ANSWER
    with Pinger(check.address, whole=check.size > 0) as pinger:
        for number in range(check.count):
            slot_end = began + check.timeout * (number + 1) / check.count
            echo = pinger.echo(check.size, max(0.001, slot_end - time.monotonic()))
            if echo.answered:
                return Outcome(PASS, "answer to request %d" % (number + 1))
            if echo.too_big:
                return Outcome(REFUSE, "a packet of %d bytes is %s" % (check.size, echo.too_big))
            detail = echo.detail
            if number + 1 < check.count:
                time.sleep(max(0.0, slot_end - time.monotonic()))
    return Outcome(REFUSE, "%s to %d requests in %g s" % (NO_ANSWER, check.count, check.timeout) if detail == NO_ANSWER else detail)


def find_path_mtu(check: Check) -> Outcome:
    """Find the largest packet that comes back whole; passes when that is at least `size`, or what the kernel sends without asking."""
    with Pinger(check.address, whole=True) as pinger:
        low = MTU[0] if pinger.version == 4 else IPV6_LEAST_MTU
        for _number in range(check.count):
            began = time.monotonic()
            first = pinger.echo(low, check.timeout / check.count)
            if first.answered:
                break
        else:
            return Outcome(REFUSE, "not even a packet of %d bytes: %s" % (low, first.detail), {"path_mtu": None})
        wait = min(check.timeout, max(STEP_FLOOR, STEP_ROUND_TRIPS * (time.monotonic() - began)))
        mtu = search_largest(low, LARGEST_PACKET, pinger.route_mtu(), lambda size: _passes(pinger, size, wait))
    with Pinger(check.address, whole=True) as fresh:
        # By now the kernel has learned whatever routers on the way had to say; a socket that is open longer may not know.
        wanted = check.size or fresh.route_mtu()
    if mtu >= wanted:
        return Outcome(PASS, "path MTU %d" % mtu, {"path_mtu": mtu})
    return Outcome(REFUSE, "path MTU %d, wanted %d" % (mtu, wanted), {"path_mtu": mtu})


def search_largest(low: int, high: int, guess: int, passes: Callable[[int], bool]) -> int:
    """Return the largest number in low..high that passes, given that `low` does; the guess is tried first."""
    candidate = min(max(guess, low), high)
    first = True
    while low < high:
        if passes(candidate):
            low = candidate
        else:
            high = candidate - 1
        # A right guess is proven by its next number, not by half of what is left.
        candidate = low + 1 if first and low == candidate else (low + high + 1) // 2
        first = False
    return low


def _passes(pinger: Pinger, size: int, wait: float) -> bool:
    # Twice, because one packet may be lost, and an error may belong to an earlier one.
    for _number in range(2):
        echo = pinger.echo(size, wait)
        if echo.answered or echo.too_big == TOO_BIG_HERE:
            return echo.answered
    return False
