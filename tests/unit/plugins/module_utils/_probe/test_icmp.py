# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import struct
from typing import List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.checksum import internet_checksum
from ansible_collections.netloom.container_net.plugins.module_utils._probe.icmp import echo_request, is_reply, search_largest

TOKEN = b"8 octets"


def test_a_request_sums_up_to_nothing() -> None:
    assert internet_checksum(echo_request(4, 0xBEEF, 7, TOKEN)) == 0


def reply(kind: int, identifier: int = 0xBEEF, token: bytes = TOKEN) -> bytes:
    return struct.pack("!BBHHH", kind, 0, 0, identifier, 1) + token


@pytest.mark.parametrize(
    ("version", "packet", "ours"),
    [
        (4, b"\x45" + bytes(19) + reply(0), True),
        (4, b"\x46" + bytes(23) + reply(0), True),
        (4, b"\x45" + bytes(19) + reply(8), False),
        (4, b"\x45" + bytes(19) + reply(0, identifier=1), False),
        (4, b"\x45" + bytes(19) + reply(0, token=b"7 octets"), False),
        (4, b"\x45" + bytes(19) + reply(0)[:9], False),
        (4, b"", False),
        (6, reply(129), True),
        (6, reply(128), False),
        (6, reply(129)[:7], False),
    ],
)
def test_only_our_reply_counts(version: int, packet: bytes, ours: bool) -> None:
    assert is_reply(version, packet, 0xBEEF, TOKEN) is ours


@pytest.mark.parametrize("guess", [0, 68, 1399, 1400, 1401, 1500, 70000])
@pytest.mark.parametrize("limit", [68, 69, 1280, 1400, 65534, 65535])
def test_the_largest_size_is_found_whatever_the_guess(guess: int, limit: int) -> None:
    tried: List[int] = []

    def passes(size: int) -> bool:
        tried.append(size)
        return size <= limit

    assert search_largest(68, 65535, guess, passes) == limit
    assert len(tried) <= 20


def test_a_right_guess_needs_two_tries() -> None:
    tried: List[int] = []

    def passes(size: int) -> bool:
        tried.append(size)
        return size <= 1450

    assert search_largest(68, 65535, 1450, passes) == 1450
    assert tried == [1450, 1451]
