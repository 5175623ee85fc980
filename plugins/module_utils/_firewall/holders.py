# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Host ports that two scopes publish: the first rule would take every packet, and nobody would tell the second."""

from __future__ import annotations

import re
from typing import Iterable, Iterator, List, Optional, Tuple

from .._model.mark import PREFIX
from .._model.objects import Chain, KernelObject
from .._model.rule import PUBLISHED_PREFIX
from .parse import read_label

_PORTS = re.compile(r" --dport ([0-9]+)(?::([0-9]+))?")
_HOST = re.compile(r" -d (\S+)")
Span = Tuple[int, int, Optional[str]]  # first port, last port, address of the host


def held_ports(chains: Iterable[KernelObject], scope: str) -> Iterator[str]:
    """Yield what to say of each port of a scope that another one publishes too."""
    told = set()
    own = '"%s:%s:' % (PREFIX, scope)
    for chain in chains:
        if not isinstance(chain, Chain) or not chain.name.startswith(PUBLISHED_PREFIX):
            continue
        if all(own in line for line in chain.rules or ()):
            continue
        protocol = chain.name[len(PUBLISHED_PREFIX) :].partition("-")[0]
        for port, owner in _clashes(chain.rules or (), scope):
            line = "host port %d/%s is published by scope '%s' already; choose another port or host_ip, or remove it there" % (port, protocol, owner)
            if line not in told:
                told.add(line)
                yield line


def _clashes(lines: Iterable[str], scope: str) -> Iterator[Tuple[int, str]]:
    ours: List[Span] = []
    others: List[Tuple[Span, str]] = []
    for line in lines:
        label, span = read_label(line), _span(line)
        if label is None or span is None:
            continue
        if label[0] == scope:
            ours.append(span)
        else:
            others.append((span, label[0]))
    for first, last, host in ours:
        for (start, end, address), owner in others:
            if first <= end and start <= last and (host is None or address is None or host == address):
                yield max(first, start), owner


def _span(line: str) -> Optional[Span]:
    ports, host = _PORTS.search(line), _HOST.search(line)
    if ports is None:
        return None
    return int(ports.group(1)), int(ports.group(2) or ports.group(1)), host.group(1) if host else None
