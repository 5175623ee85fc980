# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A plan in the words of the declaration: which networks, containers, wires, devices and ports come, change and go.

Both sides are told from objects alone, what stands from its marks and rules, so nothing here remembers an earlier declaration.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from .._model.firewall import FirewallObject, rules_of
from .._model.frames import FrameTable
from .._model.guest import Guest
from .._model.link import Link
from .._model.mark import DEVICE_ROLE, LINK_ROLE, read_mark
from .._model.objects import KernelObject, Namespace, interface_of
from .._model.place import HOST, Place
from .._model.rule import Rule, policy_of
from .._model.snapshot import Snapshot
from .._model.stored import Stored
from .._plan.detail import detail
from .._plan.step import CHANGE, CREATE, DELETE, SIGNS, Step
from .info import ENDPOINT_ROLES, Report
from .links import describe_devices, describe_links

Item = Tuple[str, ...]  # what it is, then what names it
KINDS = ("network", "wire", "container", "device", "port", "policy", "namespace", "host", "firewall", "kept", "guest")
_MARKED = {"network": "network", LINK_ROLE: "wire", DEVICE_ROLE: "device"}
HOST_ITEM: Item = ("host",)
FIREWALL: Item = ("firewall",)


def tell_plan(scope: str, snapshot: Snapshot, desired: Iterable[KernelObject], steps: Sequence[Step], *, by_name: bool = True) -> Tuple[str, ...]:
    """Return one line for each thing that comes, changes or goes. Without `by_name` a port leads to an address."""
    if not steps:
        return ()
    before, after = picture_both(scope, snapshot, desired, by_name)
    work = _sort_steps(steps, before, after, scope)
    lines: List[Tuple[Item, str]] = []
    for item in before.words.keys() | after.words.keys():
        if item not in before.words:
            lines.append((item, "%s %s" % (SIGNS[CREATE], after.words[item][0])))
        elif item not in after.words:
            lines.append((item, "%s %s" % (SIGNS[DELETE], before.words[item][1])))
    told = {item for item, _line in lines}
    told_containers = {item[:2] for item in told if item[0] == "container"}
    lines += _changed_ports(before, after)
    told_by_port = {end for item, _line in lines if item[0] == "port" for end in (*before.owners_of(item), *after.owners_of(item))}
    for item in sorted(work.objects.keys() | work.rules.keys()):
        whole = item[:2] if item[0] == "container" else item
        if item in told or item in told_containers:
            continue  # it comes or goes with what is told already
        # Whose ports are guarded follows from who comes and goes.
        done = () if item == FIREWALL and told else work.objects.get(item, ())
        if item[0] == "kept":
            lines.append((item, "%s %s" % (SIGNS[CHANGE], after.words[item][2])))
            continue
        details = detail(done, before.links_of(item))
        if not any(step.renames for step in done):
            details = _renamed(before.interfaces.get(item), after.interfaces.get(item)) + details
        come, gone = work.rules.get(item, (0, 0))
        if (come or gone) and whole not in told_by_port:
            details.append("%s +%d -%d" % ("rules" if item == FIREWALL else "firewall rules", come, gone))
        if details:
            lines.append((item, "%s %s: %s" % (SIGNS[CHANGE], name_item(item, before, after), ", ".join(details))))
    if not lines:
        what = "%s +%d -%d" % (work.leading, *work.jumps) if any(work.jumps) else "order of rules"
        lines.append((FIREWALL, "%s firewall: %s" % (SIGNS[CHANGE], what)))
    return tuple(line for _item, line in sorted(lines, key=lambda pair: (KINDS.index(pair[0][0]), pair[0])))


def picture_both(scope: str, snapshot: Snapshot, desired: Iterable[KernelObject], by_name: bool = True) -> Tuple[Picture, Picture]:
    """Return what stands and what is wanted."""
    wanted = Snapshot()
    for found in desired:
        wanted.add(found)
    return Picture(snapshot, scope, by_name), Picture(wanted, scope, by_name)


def _renamed(old: Optional[str], new: Optional[str]) -> List[str]:
    return ["interface %s → %s" % (old, new)] if old and new and old != new else []


class Picture:
    """What a set of objects means: for each item the words of its coming, of its going, and of itself."""

    def __init__(self, snapshot: Snapshot, scope: str, by_name: bool) -> None:
        self.words: Dict[Item, Tuple[str, str, str]] = {}
        self.ports: Dict[Item, Mapping[str, Any]] = {}
        self.interfaces: Dict[Item, Optional[str]] = {}
        self._devices: Dict[Tuple[str, str], Item] = {}
        self._links: Dict[Item, List[str]] = {}
        self._containers: Set[str] = set()
        self._places: Dict[str, str] = {}
        report = Report(snapshot, scope)
        for network in report.networks():
            self._add_network(network)
        for wire in describe_links(snapshot, scope):
            words = "%s %s (%s)" % ("tunnel" if wire["tunnel"] else "wire", wire["name"], _wire_words(wire))
            self.words["wire", wire["name"]] = (words, words, "wire %s" % wire["name"])
        for device in describe_devices(snapshot, scope):
            come = "device %s goes to %s as %s" % (device["name"], device["endpoint"], device["interface"])
            self.words["device", device["name"]] = (come, "device %s comes back from %s" % (device["name"], device["endpoint"]), "device %s" % device["name"])
        for port in report.ports():
            self._add_port(port, by_name)
        for name in dict.fromkeys(policy_of(rule) for rule in rules_of(snapshot.firewall()) if rule.scope == scope and policy_of(rule)):
            words = "policy %s" % name
            self.words["policy", name] = (words, words, words)
        for link in snapshot.links():
            self._add_link(link, scope)
        for kept in snapshot.of(Stored):
            words = "declaration of scope %s kept for a restart" % kept.scope
            self.words["kept", kept.scope] = (words, words, words)
        for guest in snapshot.of(Guest):
            words = "guest %s with %s on %s" % (guest.container, guest.interface, guest.network)
            self.words["guest", guest.container, guest.interface] = (words, words, words)
        for found in snapshot.of(Namespace):
            mark = read_mark(found.mark)
            if mark is not None and mark.scope == scope and found.place not in self._places:
                name = Place(found.place).reference
                self.words["namespace", name] = ("namespace %s" % name,) * 3

    def _add_network(self, network: Mapping[str, Any]) -> None:
        name = network["name"]
        words = "network %s (%s)" % (name, ", ".join(_network_words(network)))
        self.words["network", name] = (words, words, "network %s" % name)
        for member in network["endpoints"]:
            addresses = [address.split("/")[0] for address in member["addresses"]]
            joins = ", ".join(["container %s joins %s%s" % (member["name"], name, " as %s" % member["interface"] if member["interface"] else ""), *addresses])
            self.interfaces["container", member["name"], name] = member["interface"]
            self._containers.add(member["name"])
            leaves = "container %s leaves %s" % (member["name"], name)
            self.words["container", member["name"], name] = (joins, leaves, "container %s on %s" % (member["name"], name))

    def _add_port(self, port: Mapping[str, Any], by_name: bool) -> None:
        item: Item = ("port", port["protocol"], port["host_ip"] or "", port["published"] or "%s of %s" % (port["target"], port["endpoint"]))
        if item in self.ports:
            item += (str(len(self.ports)),)
        host = port["host_ip"] and ("[%s]:" if ":" in port["host_ip"] else "%s:") % port["host_ip"]
        target = port["endpoint"] if by_name else port["addresses"][0]
        shown = "%s/%s" % (port["published"] or port["target"], port["protocol"])
        words = "port %s%s → %s:%s" % (host or "", shown, target, port["target"]) if port["published"] else "port %s of %s" % (shown, target)
        sources = ", from %s" % ", ".join(port["allowed_sources"]) if port["allowed_sources"] else ""
        self.words[item] = (words + sources, words + sources, words + sources)
        self.ports[item] = port

    def _add_link(self, link: Link, scope: str) -> None:
        item = _marked_item(link, scope)
        if item is not None:
            self._devices[link.place, link.name] = item
            self._links.setdefault(item, []).append(link.name)
            if item[0] == "container" and link.place != HOST:
                self._places[link.place] = item[1]

    def find(self, subject: KernelObject) -> Optional[Item]:
        """Return what an object belongs to, by the link it is or stands on, else by the namespace."""
        device = subject.name if isinstance(subject, Link) else getattr(subject, "device", None) or interface_of(getattr(subject, "path", ""))
        found = self._devices.get((subject.place, device)) if device else None
        if found is None and subject.place in self._places:
            return ("container", self._places[subject.place])
        return found

    def owner(self, name: str) -> Optional[Item]:
        """Return what a rule's comment names."""
        for kind in ("network", "wire"):
            if (kind, name) in self.words:
                return (kind, name)
        return ("container", name) if name in self._containers else None

    def owners_of(self, item: Item) -> List[Item]:
        return [("container", self.ports[item]["endpoint"])] if item in self.ports else []

    def links_of(self, item: Item) -> List[str]:
        return self._links.get(item, [])


def _marked_item(link: Link, scope: str) -> Optional[Item]:
    """Return what a link's mark says that it belongs to."""
    mark = read_mark(link.alias)
    if mark is None or mark.scope != scope:
        return None
    if mark.role in _MARKED:
        return (_MARKED[mark.role], mark.network)
    return ("container", mark.endpoint, mark.network) if mark.role in ENDPOINT_ROLES and mark.network else None


def _network_words(network: Mapping[str, Any]) -> List[str]:
    """Return driver, carrier and subnets as far as the host's own addresses, else the members', tell them."""
    words = network["driver"]
    if network.get("vxlan"):
        words += ", vni %s, bridge %s" % (network["vxlan"]["vni"], network.get("bridge"))
    elif network.get("bridge"):
        words += " %s" % network["bridge"]
    elif network.get("parent"):
        words += " on %s" % network["parent"]
    held = network.get("addresses") or [address for member in network["endpoints"] for address in member["addresses"]]
    subnets = (ipaddress.ip_interface(address).network for address in held)
    return list(dict.fromkeys([words, *(str(subnet) for subnet in subnets if subnet.num_addresses > 1)]))


def _wire_words(wire: Mapping[str, Any]) -> str:
    ends = [_end_words(end) for end in wire["ends"]]
    if wire["tunnel"]:
        ends.append("vni %s to %s" % (wire["tunnel"]["vni"], wire["tunnel"]["remote"]))
    return ", ".join(ends)


def _end_words(end: Mapping[str, Any]) -> str:
    if end["container"]:
        return "%s in %s" % (end["interface"], Place(end["container"]).reference)
    return "a port of %s" % end["bridge"] if end["bridge"] else "%s of the host" % end["interface"]


def _changed_ports(before: Picture, after: Picture) -> List[Tuple[Item, str]]:
    lines = []
    for item in before.ports.keys() & after.ports.keys():
        old, new = before.ports[item], after.ports[item]
        if any(old[key] != new[key] for key in ("endpoint", "target", "allowed_sources")):
            was = before.words[item][2].partition(" → ")[2] or before.words[item][2]
            lines.append((item, "%s %s (was %s)" % (SIGNS[CHANGE], after.words[item][2], was)))
        elif old["addresses"] != new["addresses"]:
            was, now = (", ".join(port["addresses"]) or "none" for port in (old, new))
            lines.append((item, "%s %s: address %s → %s" % (SIGNS[CHANGE], after.words[item][2], was, now)))
    return lines


class _Work:
    """Steps and numbers of rules (come, gone) by what they are about."""

    def __init__(self) -> None:
        self.objects: Dict[Item, List[Step]] = {}
        self.rules: Dict[Item, Tuple[int, int]] = {}
        self.jumps = (0, 0)
        self.leading = ""  # what such rules are called here


def _sort_steps(steps: Iterable[Step], before: Picture, after: Picture, scope: str) -> _Work:
    work = _Work()
    for step in steps:
        if isinstance(step.subject, FirewallObject):
            _sort_rules(step, step.subject, work, before, after, scope)
        elif not isinstance(step.subject, Namespace):
            work.objects.setdefault(find_item(step, before, after, scope), []).append(step)
    return work


def find_item(step: Step, before: Picture, after: Picture, scope: str) -> Item:
    """Return what a step on a kernel object is about. Names may change hands: who goes is told by its old one, all others by their new ones."""
    subject = step.subject
    if isinstance(subject, Stored):
        return ("kept", subject.scope)
    if isinstance(subject, FrameTable):
        return FIREWALL
    if isinstance(subject, Guest):
        return ("guest", subject.container, subject.interface)
    pictures = (before, after) if step.action == DELETE and isinstance(subject, Link) else (after, before)
    marked = _marked_item(subject, scope) if step.renames and isinstance(subject, Link) else None
    return marked or pictures[0].find(subject) or pictures[1].find(subject) or (("namespace", Place(subject.place).reference) if subject.place else HOST_ITEM)


def find_owner(rule: Rule, before: Picture, after: Picture, scope: str) -> Optional[Item]:
    """Return whose a rule of the scope is, or the firewall for one that nobody may have put there; None for those of other scopes and of all."""
    if not rule.is_ours:
        return FIREWALL
    if policy_of(rule) and rule.scope == scope:
        return ("policy", policy_of(rule))
    return (after.owner(rule.owner) or before.owner(rule.owner) or FIREWALL) if rule.owner and rule.scope == scope else None


def name_item(item: Item, before: Picture, after: Picture) -> str:
    words = after.words.get(item) or before.words.get(item)
    return words[2] if words else " ".join(item) if len(item) < 3 else "%s %s on %s" % item


def _sort_rules(step: Step, piece: FirewallObject, work: _Work, before: Picture, after: Picture, scope: str) -> None:
    work.leading = piece.LEADING
    come, gone = step.leading_counts
    work.jumps = (work.jumps[0] + come, work.jumps[1] + gone)
    for rules, index in zip(step.rules, (0, 1)):
        for rule in rules:
            item = find_owner(rule, before, after, scope)
            counts = list(work.rules.get(item, (0, 0)) if item else work.jumps)
            counts[index] += 1
            if item:
                work.rules[item] = (counts[0], counts[1])
            else:
                work.jumps = (counts[0], counts[1])
