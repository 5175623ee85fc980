# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Every rule there is in a namespace, whoever wrote it: packets obey all. They are rules as data, as ours are; what one says beyond makes it `partial`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._model.rule import INWARD, SEAL, Rule
from .match import Packet, plain_match

SEAL_BIT, INWARD_BIT = (int(text.partition("/")[0], 16) for text in (SEAL, INWARD))
BRIDGED = "bridge-"  # before the hook's name, of rules for frames between ports


class Hook(NamedTuple):
    """Where packets come to a chain. `policy` is what becomes of those that it lets through to its end."""

    name: str  # prerouting | input | forward | output | postrouting, of bridges with BRIDGED; ingress
    priority: int
    chain: str
    policy: str = "ACCEPT"
    translates: bool = False
    device: str = ""  # of ingress


class Entry(NamedTuple):
    """One rule."""

    rule: Rule
    text: str  # as its tool shows it
    goes: bool = False  # to a chain that does not come back
    from_others: bool = False  # it is for what the host did not send itself


@dataclass(frozen=True)
class RuleSet:
    """One table of one family."""

    family: int
    words: str  # how people find it
    chains: Mapping[str, Tuple[Entry, ...]]
    hooks: Tuple[Hook, ...]


class Seen(NamedTuple):
    """What the rules of one hook see of a packet, beside what they always do."""

    packet: Packet
    mark: int = 0
    user: Optional[int] = None  # whose program wrote it, where it is of this place
    vni: Optional[int] = None
    bridged: bool = False
    off_path: bool = False
    from_place: bool = False  # the source is an address of the place
    unicast: bool = True


def fits(entry: Entry, seen: Seen) -> Optional[bool]:
    """Tell whether a rule is for a packet; None where it says more than can be told."""
    rule = entry.rule
    if rule.partial and "!" in rule.verbatim.split():
        return None  # what is negated may have been read as if it were not
    if not plain_match(rule).fits(seen.packet) or (entry.from_others and seen.from_place):
        return False
    wrong = (
        (rule.off_path and not seen.off_path)
        or (rule.sealed and not seen.mark & SEAL_BIT)
        or (rule.not_bridged and seen.bridged)
        or (rule.vni is not None and rule.vni != seen.vni)
        or (rule.of_users and (seen.user is None or seen.mark & INWARD_BIT or not rule.of_users[0] <= seen.user <= rule.of_users[1]))
    )
    return False if wrong else None if rule.partial else True


def find_hooks(rule_sets: Sequence[RuleSet], family: int, name: str, device: str = "") -> Iterator[Tuple[RuleSet, Hook]]:
    """Yield what packets of a family come to at a hook, in order."""
    found: List[Tuple[int, int, RuleSet, Hook]] = []
    for position, rule_set in enumerate(rule_sets):
        found.extend((hook.priority, position, rule_set, hook) for hook in rule_set.hooks if (hook.name, hook.device) == (name, device))
    yield from ((rule_set, hook) for _priority, _position, rule_set, hook in sorted(found, key=lambda item: item[:2]) if rule_set.family == family)
