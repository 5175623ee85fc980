# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One question to one DNS server. The resolver of the host is no help: its configuration is a file, which a network namespace does not have."""

from __future__ import annotations

import os
import socket
import struct
import time
from typing import List, NamedTuple

from .check import ERROR, PASS, REFUSE, Check, Outcome
from .refusal import NO_ANSWER

TYPES = {"A": 1, "AAAA": 28}
CODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
CLASS_IN, RECURSION_DESIRED, RESPONSE, LABEL_LIMIT = 1, 0x0100, 0x8000, 63
MESSAGE_LIMIT = 4096


class Answer(NamedTuple):
    code: str
    addresses: List[str]


def encode_name(name: str) -> bytes:
    """Return a name in wire form; ValueError when it is none."""
    labels = [label.encode("ascii") for label in name.rstrip(".").split(".")]
    if any(not 1 <= len(label) <= LABEL_LIMIT for label in labels) or sum(len(label) + 1 for label in labels) > 254:
        raise ValueError("not a host name")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def encode_question(identifier: int, name: str, record: str) -> bytes:
    return struct.pack("!6H", identifier, RECURSION_DESIRED, 1, 0, 0, 0) + encode_name(name) + struct.pack("!2H", TYPES[record], CLASS_IN)


def _skip_name(message: bytes, offset: int) -> int:
    while message[offset]:
        if message[offset] >= 0xC0:
            return offset + 2
        offset += 1 + message[offset]
    return offset + 1


def decode_answer(message: bytes, question: bytes, record: str) -> Answer:
    """Read the addresses of an answer; ValueError when it does not belong to the question or is damaged."""
    try:
        identifier, flags, questions, answers = struct.unpack("!4H", message[:8])
        if identifier != struct.unpack("!H", question[:2])[0] or not flags & RESPONSE:
            raise ValueError("not the answer to this question")
        offset = 12
        for _number in range(questions):
            offset = _skip_name(message, offset) + 4
        addresses = []
        for _number in range(answers):
            offset = _skip_name(message, offset)
            kind, _class, _ttl, length = struct.unpack("!HHIH", message[offset : offset + 10])
            offset += 10
            if kind == TYPES[record]:
                family = socket.AF_INET if record == "A" else socket.AF_INET6
                addresses.append(socket.inet_ntop(family, message[offset : offset + length]))
            offset += length
        return Answer(CODES.get(flags & 15, "" if not flags & 15 else "code %d" % (flags & 15)), addresses)
    except (IndexError, struct.error) as error:
        raise ValueError("damaged answer") from error


def look_up(check: Check) -> Outcome:
    """Ask up to `count` times; pass when the server gives at least one address."""
    began = time.monotonic()
    question = encode_question(int.from_bytes(os.urandom(2), "big"), check.address, check.record)
    family, kind, _protocol, _name, target = socket.getaddrinfo(check.server, check.port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)[0]
    with socket.socket(family, kind) as query:
        query.connect(target)
        for number in range(check.count):
            query.send(question)
            query.settimeout(max(0.001, began + check.timeout * (number + 1) / check.count - time.monotonic()))
            try:
                answer = decode_answer(query.recv(MESSAGE_LIMIT), question, check.record)
            except socket.timeout:
                continue
            except ValueError as error:
                return Outcome(ERROR, "%s from %s" % (error, check.server), {"addresses": []})
            if answer.addresses:
                return Outcome(PASS, ", ".join(answer.addresses), {"addresses": answer.addresses})
            return Outcome(REFUSE, "%s from %s" % (answer.code or "no %s record" % check.record, check.server), {"addresses": []})
    return Outcome(REFUSE, "%s from %s in %g s" % (NO_ANSWER, check.server, check.timeout), {"addresses": []})
