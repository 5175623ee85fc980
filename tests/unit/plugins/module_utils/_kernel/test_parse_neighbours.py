# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An entry reads the same after whichever others, of however many shapes a table has."""

from __future__ import annotations

import random
import struct
from typing import Dict, List, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.parse import RawNeighbour, parse_neighbours

DST, LLADDR, CACHEINFO, PROBES, IFINDEX, MASTER, PROTOCOL = 1, 2, 3, 4, 8, 9, 12
MAC = bytes.fromhex("020000000001")
FOUR, SIX = bytes((192, 0, 2, 1)), bytes.fromhex("fd00") + bytes(13) + b"\1"
Attributes = List[Tuple[int, bytes]]


def payload(attributes: Attributes, family: int = 7, index: int = 5, state: int = 0x80, flags: int = 2, *, is_padded: bool = True) -> bytes:
    packed = [struct.pack("=HH", 4 + len(value), number) + value for number, value in attributes]
    head = struct.pack("=BxxxiHBB", family, index, state, flags, 0)
    return head + b"".join(part + bytes(-len(part) % 4) for part in packed[:-1]) + b"".join(part + bytes(-len(part) % 4 * is_padded) for part in packed[-1:])


def read(*payloads: bytes) -> List[RawNeighbour]:
    return list(parse_neighbours(payloads))


def test_every_value_is_read() -> None:
    whole: Attributes = [
        (LLADDR, MAC),
        (CACHEINFO, bytes(16)),
        (DST, FOUR),
        (IFINDEX, struct.pack("=I", 9)),
        (MASTER, struct.pack("=I", 3)),
        (PROTOCOL, b"\x4c"),
    ]
    assert read(payload(whole)) == [RawNeighbour(7, 5, 0x80, 2, "192.0.2.1", "02:00:00:00:00:01", True, 0x4C, 9)]
    assert read(payload([(DST, SIX)], 10)) == [RawNeighbour(10, 5, 0x80, 2, "fd00::1", "", False, 0, 0)]
    assert read(payload([(LLADDR, MAC), (DST, bytes(4))])) == [RawNeighbour(7, 5, 0x80, 2, None, "02:00:00:00:00:01", False, 0, 0)]
    assert read(payload([])) == [RawNeighbour(7, 5, 0x80, 2, None, "", False, 0, 0)]
    assert read(payload([(MASTER | 0x8000, bytes(4)), (PROTOCOL, b"\3")], is_padded=False)) == [RawNeighbour(7, 5, 0x80, 2, None, "", True, 3, 0)]


@pytest.mark.parametrize("other", [[(DST, FOUR), (PROBES, FOUR)], [(PROBES, FOUR), (DST, FOUR)], [(IFINDEX, FOUR), (MASTER, FOUR)], [(PROBES, bytes(12))]])
def test_one_of_the_same_length_with_other_attributes_is_not_taken_for_the_first(other: Attributes) -> None:
    first = payload([(PROBES, FOUR), (IFINDEX, FOUR)])
    assert len({len(first), len(payload(other))}) == 1
    assert read(first, payload(other), first) == read(first) + read(payload(other)) + read(first)


def test_what_is_no_attribute_ends_the_entry() -> None:
    broken = payload([(LLADDR, MAC)]) + struct.pack("=HH", 3, DST) + FOUR
    assert read(broken, broken) == [RawNeighbour(7, 5, 0x80, 2, None, "02:00:00:00:00:01", False, 0, 0)] * 2


@pytest.mark.parametrize("seed", range(8))
def test_a_table_reads_as_its_entries_alone(seed: int) -> None:
    dice = random.Random(seed)
    sizes: Dict[int, int] = {DST: 4, LLADDR: 6, CACHEINFO: 16, PROBES: 4, IFINDEX: 4, MASTER: 4, PROTOCOL: 1}
    table = []
    for _entry in range(200):
        numbers = dice.sample(sorted(sizes), dice.randrange(len(sizes)))
        attributes = [(number, dice.choice((bytes(sizes[number]), dice.randbytes(sizes[number])))) for number in numbers]
        table.append(payload(attributes, dice.choice((2, 7)), dice.randrange(9), dice.randrange(1 << 8), dice.randrange(1 << 8), is_padded=dice.random() < 0.5))
    assert read(*table) == [entry for one in table for entry in read(one)]
