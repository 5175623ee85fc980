# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the rules of one hook do with a packet: of ours and of others', in the order in which packets obey them."""

from __future__ import annotations

from ipaddress import ip_address
from typing import List, NamedTuple, Optional, Sequence, Tuple

from .._firewall.match import Packet
from .._firewall.rulesets import Entry, Hook, RuleSet, Seen, find_hooks, fits
from .._model.rule import MARK

STOPS = frozenset(("DROP", "REJECT"))
TRANSLATES = frozenset(("DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP"))
ELSEWHERE = frozenset(("QUEUE", "NFQUEUE", "TPROXY"))  # a program decides
DEPTH = 32  # of chains in chains


class Stop(NamedTuple):
    """What drops a packet: a rule, or the policy of a chain."""

    rule_set: RuleSet
    hook: Hook
    entry: Optional[Entry]
    refuses: bool = False  # whoever sent it is told

    @property
    def words(self) -> str:
        if self.entry is None:
            return "policy %s of chain %s (%s)" % (self.hook.policy, self.hook.chain, self.rule_set.words)
        return "%s (%s)" % (self.entry.text, self.rule_set.words)


class Passage(NamedTuple):
    """What came of it: dropped, or let through, perhaps marked and translated."""

    seen: Seen
    stop: Optional[Stop] = None
    translation: Optional[Entry] = None
    doubts: Tuple[str, ...] = ()


def pass_hook(rule_sets: Sequence[RuleSet], family: int, hook: str, seen: Seen, *, translating: bool = False, device: str = "") -> Passage:
    """Lead a packet through all chains of a hook. Only the first packet of a connection is translated by rules."""
    doubts: List[str] = []
    translation: Optional[Entry] = None
    for rule_set, head in find_hooks(rule_sets, family, hook, device):
        if head.translates and (not translating or translation is not None):
            continue
        search = _Search(rule_set, seen, doubts)
        entry = search.find(head.chain)
        seen = seen._replace(mark=search.mark)
        target = entry.rule.target if entry is not None else head.policy
        if target in STOPS:
            return Passage(seen, Stop(rule_set, head, entry, target == "REJECT"), translation, tuple(doubts))
        if entry is not None and target in TRANSLATES:
            translation = entry
            if target == "DNAT":
                seen = seen._replace(packet=_aimed(entry, seen))
    return Passage(seen, None, translation, tuple(doubts))


def _aimed(entry: Entry, seen: Seen) -> Packet:
    packet, rule = seen.packet, entry.rule
    target = int(ip_address(rule.to)) if rule.to else packet.destination
    return packet._replace(destination=target, port=rule.to_port or packet.port, states=packet.states | {"DNAT"}, to_host=False)


class _Search:
    """Looks for the rule that decides, and keeps the mark that others before it gave."""

    def __init__(self, rule_set: RuleSet, seen: Seen, doubts: List[str]) -> None:
        self._rule_set, self._seen, self._doubts = rule_set, seen, doubts
        self.mark = seen.mark

    def find(self, chain: str) -> Optional[Entry]:
        return self._walk(chain, 0)[0]

    def _walk(self, chain: str, depth: int) -> Tuple[Optional[Entry], bool]:
        """Return the rule that decides, and whether the packet is done with the chains above, too."""
        for entry in self._rule_set.chains.get(chain, ()) if depth < DEPTH else ():
            fit = fits(entry, self._seen._replace(mark=self.mark))
            target = entry.rule.target
            if fit is None and (target in STOPS or target in TRANSLATES or target in self._rule_set.chains):
                self._doubts.append("%s (%s)" % (entry.text, self._rule_set.words))
            if not fit:
                continue
            if target == MARK and entry.rule.to:
                bits, mask = (int(number, 0) for number in (entry.rule.to + "/0xffffffff").split("/")[:2])
                self.mark = self.mark & ~mask | bits
            elif target in ELSEWHERE:
                self._doubts.append("%s (%s)" % (entry.text, self._rule_set.words))
                return entry, True
            elif target == "ACCEPT" or target in STOPS or target in TRANSLATES:
                return entry, True
            elif target == "RETURN":
                return None, False
            elif target in self._rule_set.chains:
                found, done = self._walk(target, depth + 1)
                if done or entry.goes:
                    return found, done
        return None, False
