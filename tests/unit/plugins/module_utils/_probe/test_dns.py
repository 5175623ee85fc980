# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import struct

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._probe.dns import Answer, decode_answer, encode_name, encode_question

QUESTION = encode_question(0x1234, "db.example.org", "A")


def answer(flags: int, count: int, body: bytes, identifier: int = 0x1234) -> bytes:
    return struct.pack("!6H", identifier, flags, 1, count, 0, 0) + QUESTION[12:] + body


def record(kind: int, data: bytes) -> bytes:
    return b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def test_a_name_becomes_labels() -> None:
    assert encode_name("db.example.org") == encode_name("db.example.org.") == b"\2db\7example\3org\0"


@pytest.mark.parametrize("name", ["", ".", "a..b", "x" * 64, "a." * 127 + "ab", "caf\u00e9"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode_name(name)


def test_addresses_behind_an_alias_are_found() -> None:
    body = record(5, b"\3web\xc0\x0c") + record(1, b"\x0a\x00\x00\x01") + record(1, b"\x0a\x00\x00\x02")
    assert decode_answer(answer(0x8180, 3, body), QUESTION, "A") == Answer("", ["10.0.0.1", "10.0.0.2"])


@pytest.mark.parametrize(("code", "word"), [(2, "SERVFAIL"), (3, "NXDOMAIN"), (5, "REFUSED"), (9, "code 9")])
def test_codes_have_words(code: int, word: str) -> None:
    assert decode_answer(answer(0x8180 | code, 0, b""), QUESTION, "A") == Answer(word, [])


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x12\x34",
        answer(0x8180, 1, b""),
        answer(0x8180, 1, record(1, b"\x0a\x00\x00\x01")[:8]),
        answer(0x8180, 1, record(1, b"\x0a\x00")),
        answer(0x8180, 0, b"", identifier=0x4321),
        answer(0x0100, 0, b""),
        struct.pack("!6H", 0x1234, 0x8180, 1, 0, 0, 0) + b"\x3f",
    ],
)
def test_damaged_and_foreign_answers_are_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_answer(message, QUESTION, "A")
