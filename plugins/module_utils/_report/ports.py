# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Published ports, put together again from the rules that they became: one row for each publication."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Dict, Iterable, List, Optional, Set, Tuple

from .._model.objects import Chain
from .._model.rule import OPEN_PREFIX
from .._model.snapshot import Snapshot

_LABEL = re.compile(r'--comment "container-net:([^:"]*):([^:"]*):(\d+)"')
_OPTION = re.compile(r" (-p|-d|-s|--dport|--to-destination) (\S+)")
_FOLLOWING = (11, 21)  # ranks of rules that go on with a publication


@dataclass(frozen=True)
class _Piece:
    """What one rule lets through."""

    scope: str
    endpoint: str
    protocol: str
    host_ip: Optional[str]
    first: int
    last: int
    target: int
    address: str
    source: Optional[str]
    translated: bool
    follows: bool

    @property
    def shape(self) -> Tuple[object, ...]:
        return (self.scope, self.endpoint, self.protocol, self.host_ip or "", self.first, self.last, self.target, self.translated, self.source is None)


def describe_ports(snapshot: Snapshot, scope: Optional[str]) -> List[Dict[str, Any]]:
    """Return what is published, and what endpoints of routed networks open at their own addresses, sorted by scope, endpoint and port."""
    rows: Dict[Tuple[object, ...], Dict[str, Any]] = {}
    for piece in sorted(_join(_read_pieces(snapshot)), key=lambda piece: (piece.shape, ":" in piece.address, piece.address, piece.source or "")):
        if scope not in (None, piece.scope):
            continue
        row = rows.setdefault(
            piece.shape,
            {
                "scope": piece.scope,
                "endpoint": piece.endpoint,
                "protocol": piece.protocol,
                "host_ip": piece.host_ip,
                "published": _range(piece.first, piece.last) if piece.translated else None,
                "target": _range(piece.target, piece.target + piece.last - piece.first),
                "addresses": [],
                "allowed_sources": [],
            },
        )
        for key, value in (("addresses", piece.address), ("allowed_sources", piece.source)):
            if value is not None and value not in row[key]:
                row[key].append(value)
    return list(rows.values())


def _range(first: int, last: int) -> str:
    return str(first) if first == last else "%d-%d" % (first, last)


def _read_pieces(snapshot: Snapshot) -> Iterable[_Piece]:
    for chain in snapshot.of(Chain):
        if not (chain.table == "nat" or chain.name.startswith(OPEN_PREFIX)):
            continue
        for line in chain.rules or ():
            piece = read_piece(line)
            if piece is not None:
                yield piece


def read_piece(line: str) -> Optional[_Piece]:
    """Return what a rule of ours publishes or opens, or None."""
    label, options = _LABEL.search(line), dict(_OPTION.findall(line))
    if label is None or "-p" not in options or "--dport" not in options:
        return None
    first, _colon, last = options["--dport"].partition(":")
    host = options["-d"].partition("/")[0] if "-d" in options else None
    to = options.get("--to-destination")
    address, target = _split(to) if to else (host, "")
    if address is None:
        return None
    return _Piece(
        scope=label.group(1),
        endpoint=label.group(2),
        protocol=options["-p"],
        host_ip=host if to else None,
        first=int(first),
        last=int(last or first),
        target=int(target or first),
        address=address,
        source=options.get("-s"),
        translated=bool(to),
        follows=bool(to) and int(label.group(3)) in _FOLLOWING,
    )


def _split(to: str) -> Tuple[str, str]:
    """Return address and port of where a packet is led; without a port it keeps its own."""
    if to.startswith("["):
        address, _bracket, port = to[1:].partition("]")
        return address, port[1:]
    address, _colon, port = to.partition(":")
    return (to, "") if ":" in port else (address, port)


def _join(pieces: Iterable[_Piece]) -> Set[_Piece]:
    """Put ranges together that stand as several rules."""
    joined: Set[_Piece] = set()
    last: Optional[_Piece] = None
    for piece in sorted(pieces, key=lambda item: (item.scope, item.endpoint, item.protocol, item.host_ip or "", item.address, item.source or "", item.first)):
        if last is not None and piece.follows and piece == replace(last, first=last.last + 1, last=piece.last, target=_next_target(last), follows=True):
            joined.discard(last)
            piece = replace(last, last=piece.last)
        joined.add(piece)
        last = piece
    return joined


def _next_target(piece: _Piece) -> int:
    return piece.target + piece.last + 1 - piece.first
