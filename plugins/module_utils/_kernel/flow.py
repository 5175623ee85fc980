# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The connections that the kernel follows: read, and made to end."""

from __future__ import annotations

import errno
import socket
import struct
from typing import Dict, List, Optional, Sequence

from .._model.errors import KernelError, errno_name
from .._model.flow import Flow, show_end
from .door import HEADER, NETLINK_NETFILTER, Door, read_attributes
from .netlink import NLM_F_REQUEST
from .sysctl import read_sysctl

GET, DELETE = 0x101, 0x102  # of the subsystem ctnetlink
TUPLE_ORIG, TUPLE_REPLY, PROTOINFO, ID, ZONE = 1, 2, 4, 12, 18
TCP, ICMPS = 6, (1, 58)
# From these states on no data passes any more, and a new connection takes the place of the old.
TIME_WAIT, CLOSE = 7, 8
COUNT = "net/netfilter/nf_conntrack_count"
UNSUPPORTED = frozenset((errno.EINVAL, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT))
# Length of a tuple with ports, by family; the kernel always writes one in the same order.
_PLAIN = {
    4: (52, struct.Struct(">4xHH8x4s4x4s8xB7xH6xH2x" + "HH8x4s4x4s8xB7xH6xH")),
    6: (76, struct.Struct(">4xHH8x16s4x16s8xB7xH6xH2x" + "HH8x16s4x16s8xB7xH6xH")),
}
_LENGTH = struct.Struct("=4xH")


class CannotFollow(Exception):
    """This kernel does not tell of its connections."""


def are_followed() -> bool:
    """Tell whether connections are known in the namespace the process is in; where none are, the kernel is not asked, for asking would load its modules."""
    return (read_sysctl(COUNT) or "0") != "0"


def read_flows(door: Door, place: str) -> Dict[int, List[Flow]]:
    """Return all connections of the namespace the process is in, by family. They are asked for at once: each time the kernel walks its whole table."""
    try:
        with door.open(place, NETLINK_NETFILTER) as line:
            payloads = line.dump(_message(GET, socket.AF_UNSPEC, b""))
    except OSError as error:
        if error.errno in UNSUPPORTED:
            raise CannotFollow(errno_name(error.errno)) from error
        raise
    found: Dict[int, List[Flow]] = {4: [], 6: []}
    for payload in payloads:
        family = 6 if payload[0] == socket.AF_INET6 else 4
        length, plain = _PLAIN[family]
        flows = found[family]
        if _LENGTH.unpack_from(payload)[0] == length and len(payload) >= 4 + 2 * length:
            tuples = plain.unpack_from(payload)
            _l, _t, source, destination, protocol, source_port, port, _rl, _rt, answerer, answered, _p, answer_port, answered_port = tuples
            flows.append(Flow(protocol, source, source_port, destination, port, answerer, answer_port, answered, answered_port, -1, payload))
        else:
            flow = _parse_flow(payload)
            if flow is not None:
                flows.append(flow)
    return found


def _parse_flow(payload: bytes) -> Optional[Flow]:
    found = read_attributes(payload, 4, len(payload))
    asked, answers = found.get(TUPLE_ORIG), found.get(TUPLE_REPLY)
    if asked is None or answers is None:
        return None
    protocol, source, destination, source_port, port, icmp_type = _parse_tuple(asked)
    _protocol, answerer, answered, answer_port, answered_port, _type = _parse_tuple(answers)
    return Flow(protocol, source, source_port, destination, port, answerer, answer_port, answered, answered_port, icmp_type, payload)


def _parse_tuple(data: bytes) -> "tuple[int, bytes, bytes, int, int, int]":
    found = read_attributes(data, 0, len(data))
    ip, proto = found.get(1, b""), found.get(2, b"")
    addresses = read_attributes(ip, 0, len(ip))
    rest = read_attributes(proto, 0, len(proto))
    protocol = rest.get(1, b"\0")[0]
    source, destination = (addresses.get(v4) or addresses.get(v6, b"") for v4, v6 in ((1, 3), (2, 4)))
    if protocol in ICMPS:
        kind = rest.get(5) or rest.get(8) or b"\0"
        return protocol, source, destination, 0, 0, kind[0]
    ports = [int.from_bytes(rest.get(number, b""), "big") for number in (2, 3)]
    return protocol, source, destination, ports[0], ports[1], -1


def is_over(flow: Flow) -> bool:
    """Tell whether a TCP connection has ended already and is only remembered."""
    if flow.protocol != TCP:
        return False
    info = read_attributes(flow.payload, 4, len(flow.payload)).get(PROTOINFO, b"")
    states = read_attributes(info, 0, len(info)).get(1, b"")
    return read_attributes(states, 0, len(states)).get(1, b"\0")[0] in (TIME_WAIT, CLOSE)


def end_flows(door: Door, place: str, flows: Sequence[Flow]) -> None:
    """Let the kernel forget connections of the namespace the process is in, each by tuple, zone and number; the next packet begins anew, under the rules."""
    messages = [_message(DELETE, socket.AF_INET6 if flow.family == 6 else socket.AF_INET, _identity(flow.payload)) for flow in flows]
    with door.open(place, NETLINK_NETFILTER) as line:
        refusals = [refusal for refusal in line.change(messages, lambda at: _told(flows[at])) if refusal.errno != errno.ENOENT]
    if refusals:
        raise KernelError(_told(flows[refusals[0].position]), refusals[0].errno, errno_name(refusals[0].errno))


def _told(flow: Flow) -> str:
    return "end the flow %s → %s" % (show_end(flow.source, flow.source_port), show_end(flow.destination, flow.port))


def _identity(payload: bytes) -> bytes:
    """Return the attributes by which the kernel finds a flow, as it wrote them."""
    found = b""
    start = 4
    while start + 4 <= len(payload):
        length, number = struct.unpack_from("=HH", payload, start)
        if length < 4:
            break
        end = start + ((length + 3) & ~3)
        if number & 0x3FFF in (TUPLE_ORIG, ID, ZONE):
            found += payload[start:end].ljust(end - start, b"\0")
        start = end
    return found


def _message(message_type: int, family: int, attributes: bytes) -> bytes:
    return HEADER.pack(HEADER.size + 4 + len(attributes), message_type, NLM_F_REQUEST, 0, 0) + bytes((family, 0, 0, 0)) + attributes
