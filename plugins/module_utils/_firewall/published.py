# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What is published, put together again from the rules that a backend may have cut it into."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable, List, Optional, Tuple

from .._model.rule import Rule


def gather(rules: Iterable[Rule]) -> List[Rule]:
    """Return what is published, and what is opened at the endpoints' own addresses, one rule for each as it was declared; ranks tell which goes on."""
    pieces = [rule for rule in rules if rule.is_ours and not rule.partial and (rule.target == "DNAT" or opens_ports(rule)) and rule.destination_ports]
    found: List[Rule] = []
    for piece in sorted(pieces, key=_order):
        joined = _join(found[-1], piece) if found else None
        if joined is not None:
            found[-1] = joined
        else:
            found.append(replace(piece, to_port=_target(piece)) if piece.target == "DNAT" else piece)
    return found


def opens_ports(rule: Rule) -> bool:
    """Tell whether a rule lets in what is for ports of an endpoint's own address."""
    return rule.target == "ACCEPT" and rule.destination is not None and rule.destination_ports is not None


def _order(rule: Rule) -> Tuple[object, ...]:
    return rule.family, rule.scope, rule.owner, rule.protocol or "", rule.destination or "", rule.to or "", rule.source or "", rule.destination_ports


def _join(before: Rule, piece: Rule) -> Optional[Rule]:
    """Return two rules as one where the second goes on with the publication of the first; its rank says so."""
    (first, last), (start, end) = before.destination_ports or (0, 0), piece.destination_ports or (0, 0)
    goes_on = replace(before, rank=before.rank + 1, chain=piece.chain, destination_ports=(start, end), to_port=piece.to_port)
    if goes_on != piece or start != last + 1 or _target(piece) != _target(before) + start - first:
        return None
    return replace(before, destination_ports=(first, end))


def _target(rule: Rule) -> int:
    """Return the port that the first one of a rule is led to."""
    return rule.to_port if rule.to_port is not None else (rule.destination_ports or (0, 0))[0]
