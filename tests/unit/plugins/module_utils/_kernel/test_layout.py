# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random
import struct
from typing import List, Tuple, Union

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import read_attributes
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.layout import VARIANTS, Layouts

NESTED = 0x8000  # a flag beside the number
Attribute = Tuple[int, Union[bytes, "List[Attribute]"]]
PATHS = ((1,), (2,), (3, 1), (3, 2, 1), (3, 2))


def attributes(items: List[Attribute]) -> bytes:
    data = b""
    for number, value in items:
        inner = value if isinstance(value, bytes) else attributes(value)
        data += struct.pack("=HH", 4 + len(inner), number | (0 if isinstance(value, bytes) else NESTED)) + inner + bytes(-len(inner) % 4)
    return data


def read(layouts: Layouts, *items: Attribute) -> Tuple[bytes, ...]:
    return layouts.read(b"head" + attributes(list(items)))


def test_values_are_found_by_their_paths() -> None:
    layouts = Layouts(4, *PATHS)
    inner = attributes([(1, b"deep")])
    items: List[Attribute] = [(2, b"two"), (9, b"unread"), (3, [(2, [(1, b"deep")]), (1, b"in")]), (1, b"one")]
    assert read(layouts, *items) == (b"one", b"two", b"in", b"deep", inner)
    assert read(layouts) == (b"",) * 5
    # The same numbers elsewhere are others.
    assert read(layouts, (4, [(1, b"in"), (2, b"two")])) == (b"",) * 5


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ([(1, b"aaaa"), (2, b"bbbb")], [(2, b"aaaa"), (1, b"bbbb")]),
        ([(1, b"aaa")], [(1, b"aa")]),
        ([(1, b"aaaabbbb")], [(1, b""), (2, b"b")]),
        ([(3, [(1, b"aaaa"), (2, b"")])], [(3, [(2, b"aaaa"), (1, b"")])]),
        ([(3, [(2, [(1, b"a")])])], [(3, [(2, [(2, b"a")])])]),
    ],
    ids=["order", "length", "number", "inner", "innermost"],
)
def test_one_of_the_same_length_with_another_layout_is_not_taken_for_the_first(first: List[Attribute], other: List[Attribute]) -> None:
    assert len(attributes(first)) == len(attributes(other))
    expected = [read(Layouts(4, *PATHS), *items) for items in (first, other)]
    assert expected[0] != expected[1]
    layouts = Layouts(4, *PATHS)
    assert [read(layouts, *items) for items in (first, other, first, other)] == expected * 2


def test_what_is_no_attribute_ends_the_message_and_tells_it_from_another() -> None:
    layouts = Layouts(4, (1,), (2,))
    whole = b"head" + attributes([(1, b"aaaa"), (2, b"bbbb")])
    cut = b"head" + attributes([(1, b"aaaa")]) + struct.pack("=HH", 3, 2) + b"bbbb"
    assert [layouts.read(payload) for payload in (cut, whole, cut)] == [(b"aaaa", b""), (b"aaaa", b"bbbb"), (b"aaaa", b"")]


def test_an_attribute_ends_with_the_one_it_is_in() -> None:
    inside = struct.pack("=HH", 40, 1) + b"much"
    assert read(Layouts(4, *PATHS), (3, inside), (2, b"next")) == (b"", b"next", b"much", b"", b"")


@pytest.mark.parametrize("seed", range(8))
def test_any_mixture_reads_as_its_messages_alone(seed: int) -> None:
    dice = random.Random(seed)
    layouts = Layouts(4, (1,), (2,), (3,))
    for _message in range(40 * VARIANTS):
        numbers = dice.sample(range(1, 6), dice.randrange(6))
        payload = b"head" + attributes([(number, dice.randbytes(dice.randrange(9))) for number in numbers])
        found = read_attributes(payload, 4, len(payload))
        assert layouts.read(payload) == tuple(found.get(number, b"") for number in (1, 2, 3))
