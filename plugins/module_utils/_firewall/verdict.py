# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Which connections the rules that come would not let through, or would translate differently, though those that stood did as the connection has it."""

from __future__ import annotations

from bisect import bisect_right
from typing import Callable, Dict, FrozenSet, Iterable, List, Optional, Sequence, Set, Tuple

from .._model.firewall import FirewallObject
from .._model.flow import PROTOCOLS, Flow, Ground
from .._model.rule import DNAT_CHAIN, FORWARD_CHAIN, INPUT_CHAIN, LOOPBACK_CHAIN, POLICY_CHAIN, POSTROUTING_CHAIN, RAW_CHAIN
from .base import DELETE, FirewallStep
from .match import Match, Network, Packet, read_matches, read_network

_DROPS = frozenset(("DROP", "REJECT"))
_FINAL = _DROPS | frozenset(("ACCEPT", "DNAT", "SNAT", "MASQUERADE"))
_LOOPBACK = {4: "127.0.0.0/8", 6: "::1/128"}
_NEW, _TRANSLATED = frozenset(("NEW",)), frozenset(("NEW", "DNAT"))
# Of the rules that come these lets more through; of those that go these let less.
_OPENS, _CLOSES = frozenset(("ACCEPT",)), _DROPS


def narrows(step: FirewallStep) -> bool:
    """Tell whether a step may let less through, or translate differently."""
    item = step.desired or step.current
    if not isinstance(item, FirewallObject):
        return False
    if item.leading:
        return True
    before = step.current.held if isinstance(step.current, FirewallObject) else ()
    after = () if step.action == DELETE else item.held
    come, gone = set(after) - set(before), set(before) - set(after)
    if not come and not gone:
        return before != after  # another order
    return any(rule.target not in _OPENS for rule in come) or any(rule.target not in _CLOSES for rule in gone)


class Judge:
    """What one ground does with the first packet of a connection of one family."""

    def __init__(self, ground: Ground, family: int) -> None:
        self.family = family
        self._chains = {(table, name): read_matches(rules) for found, table, name, rules in ground.chains if found == family}
        self._heads = {(table, name) for found, table, name in ground.heads if found == family}
        self._ways = _Ways((network, device) for network, device in ground.ways if _version(network) == family)
        self._own = {read_network(address).value for address in ground.own if _version(address) == family}
        self._vrfs = dict(ground.vrfs)
        self._subnets = _Ways((network, network) for network in ground.subnets if _version(network) == family)
        self._inside = {read_network(address).value for address in ground.inside if _version(address) == family}
        self._loopback = read_network(_LOOPBACK[family])

    def networks(self) -> Iterable[Network]:
        """Yield everything that tells one address from another here."""
        for match in self._matches():
            yield from (item for item in (match.source, match.destination) if item is not None)
            if match.to is not None:
                yield Network(match.to[0], 0)
        yield from (*self._ways.networks(), *self._subnets.networks(), self._loopback)
        yield from (Network(address, 0) for address in (*self._own, *self._inside))

    def port_bounds(self) -> Iterable[int]:
        """Yield everything that tells one port from another here."""
        for match in self._matches():
            if match.ports is not None:
                yield from (match.ports[0], match.ports[1] + 1)
            if match.to is not None and match.to[1] is not None:
                yield from (match.to[1], match.to[1] + 1)

    def _matches(self) -> Iterable[Match]:
        return (match for matches in self._chains.values() for match in matches)

    def is_given(self, address: int) -> bool:
        """Tell whether an address was given to a container of ours."""
        return address in self._inside

    def leads_to(self, address: int) -> bool:
        """Tell whether an address lies in a subnet behind a link of ours."""
        return self._subnets.find(address) is not None

    def accepts(self, flow: Flow) -> bool:
        """Tell whether no rule of ours stops the packet, translated as the flow is."""
        source, asked, target = _number(flow.source), _number(flow.destination), _number(flow.answerer)
        came_by = self._device(source)
        if source not in self._own and ("raw", RAW_CHAIN) in self._heads:
            first = Packet(source, asked, _protocol(flow), flow.port, flow.icmp_type, came_by, None, frozenset(), asked in self._own)
            if self._verdict("raw", RAW_CHAIN, first) in _DROPS:
                return False
        states = _TRANSLATED if _is_translated(flow) else _NEW
        came_by = self._vrfs.get(came_by or "", came_by)
        packet = Packet(source, target, _protocol(flow), flow.answer_port, flow.icmp_type, came_by, None, states, target in self._own)
        if target in self._own:
            return self._verdict("filter", INPUT_CHAIN, packet) not in _DROPS
        if source in self._own:
            return True
        packet = packet._replace(leaves_by=self._ways.find(target))
        return all(self._verdict(table, chain, packet) not in _DROPS for table, chain in (("filter", FORWARD_CHAIN), ("security", POLICY_CHAIN)))

    def aims_as(self, flow: Flow) -> bool:
        """Tell whether the packet's destination would become what it is in the flow."""
        source, destination = _number(flow.source), _number(flow.destination)
        wanted = (destination, flow.port)
        local = source in self._own
        at_loopback = local and self._loopback.holds(destination)
        if destination in self._own or at_loopback:
            came_by = None if local else self._device(source)
            came_by = self._vrfs.get(came_by or "", came_by)
            chain = LOOPBACK_CHAIN if at_loopback else DNAT_CHAIN
            found = self._find("nat", chain, Packet(source, destination, _protocol(flow), flow.port, flow.icmp_type, came_by, None, _NEW, True))
            if found is not None and found.target == "DNAT" and found.to is not None:
                wanted = (found.to[0], flow.port if found.to[1] is None else found.to[1])
        return wanted == (_number(flow.answerer), flow.answer_port)

    def leaves_as(self, flow: Flow) -> bool:
        """Tell whether the packet's source would become what it is in the flow."""
        source, target, answered = _number(flow.source), _number(flow.answerer), _number(flow.answered)
        if target in self._own:
            return source == answered
        states = _TRANSLATED if _is_translated(flow) else _NEW
        packet = Packet(source, target, _protocol(flow), flow.answer_port, flow.icmp_type, None, self._ways.find(target), states, False)
        found = self._find("nat", POSTROUTING_CHAIN, packet)
        if found is None or found.target not in ("SNAT", "MASQUERADE"):
            return source == answered
        return answered in self._own if found.to is None else answered == found.to[0]

    def _device(self, address: int) -> Optional[str]:
        return "lo" if address in self._own else self._ways.find(address)

    def _verdict(self, table: str, chain: str, packet: Packet) -> str:
        found = self._find(table, chain, packet)
        return found.target if found is not None else ""

    def _find(self, table: str, chain: str, packet: Packet) -> Optional[Match]:
        return self._search(table, chain, packet)[0] if (table, chain) in self._heads else None

    def _search(self, table: str, chain: str, packet: Packet) -> Tuple[Optional[Match], bool]:
        """Return the rule that decides; without one, the packet goes on."""
        for match in self._chains.get((table, chain), ()):
            if not match.fits(packet):
                continue
            if match.target in _FINAL:
                return match, True
            if match.target == "RETURN":
                return None, False
            if (table, match.target) in self._chains:
                found, ends = self._search(table, match.target, packet)
                if ends:
                    return found, True
        return None, False


class _Ways:
    """The longest prefix that holds an address, and what it stands for."""

    def __init__(self, pairs: Iterable[Tuple[str, str]]) -> None:
        self._by_shift: Dict[int, Dict[int, str]] = {}
        for text, device in pairs:
            network = read_network(text)
            self._by_shift.setdefault(network.shift, {}).setdefault(network.value, device)
        self._shifts = sorted(self._by_shift)

    def find(self, address: int) -> Optional[str]:
        for shift in self._shifts:
            device = self._by_shift[shift].get(address >> shift)
            if device is not None:
                return device
        return None

    def networks(self) -> Iterable[Network]:
        return (Network(value, shift) for shift, values in self._by_shift.items() for value in values)


def end_uncovered(flows: Iterable[Flow], befores: Sequence[Ground], after: Ground, family: int) -> List[Flow]:
    """Return the flows of one family that a ground before covered and the one after does not."""
    ends = _comparison([Judge(ground, family) for ground in befores], Judge(after, family))
    return [flow for flow in flows if ends(flow)]


def _comparison(befores: Sequence[Judge], after: Judge) -> Callable[[Flow], bool]:
    """Return the question whether a flow ends. Flows that no rule and no way tells apart are judged once, so that a large table takes no time."""
    networks: Dict[int, Set[int]] = {}
    bounds: Set[int] = set()
    for judge in (*befores, after):
        for network in judge.networks():
            networks.setdefault(network.shift, set()).add(network.value)
        bounds.update(judge.port_bounds())
    levels = sorted(networks.items())
    steps = sorted(bounds)
    kinds: Dict[bytes, FrozenSet[Tuple[int, int]]] = {}
    known: Dict[Tuple[object, ...], bool] = {}

    def kind(packed: bytes) -> FrozenSet[Tuple[int, int]]:
        found = kinds.get(packed)
        if found is None:
            address = _number(packed)
            found = kinds[packed] = frozenset((shift, address >> shift) for shift, values in levels if address >> shift in values)
        return found

    def ends(flow: Flow) -> bool:
        key = (
            flow.protocol,
            flow.icmp_type,
            kind(flow.source),
            kind(flow.destination),
            kind(flow.answerer),
            kind(flow.answered),
            bisect_right(steps, flow.port),
            bisect_right(steps, flow.answer_port),
            flow.port == flow.answer_port,
            flow.destination == flow.answerer,
            flow.source == flow.answered,
        )
        found = known.get(key)
        if found is None:
            found = known[key] = any(_is_uncovered(flow, before, after) for before in befores)
        return found

    return ends


def _is_uncovered(flow: Flow, before: Judge, after: Judge) -> bool:
    ends = {_number(flow.source), _number(flow.destination), _number(flow.answerer)}
    if any(before.is_given(end) and not after.is_given(end) for end in ends):
        return True
    if any(before.leads_to(end) and not after.leads_to(end) for end in ends):
        return True
    return (
        (before.accepts(flow) and not after.accepts(flow))
        or (before.aims_as(flow) and not after.aims_as(flow))
        or (before.leaves_as(flow) and not after.leaves_as(flow))
    )


def _is_translated(flow: Flow) -> bool:
    return flow.destination != flow.answerer or flow.port != flow.answer_port


def _protocol(flow: Flow) -> str:
    return PROTOCOLS.get(flow.protocol, str(flow.protocol))


def _number(packed: bytes) -> int:
    return int.from_bytes(packed, "big")


def _version(text: str) -> int:
    return 6 if ":" in text else 4
