# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One object per task: the same pipeline with a declaration of a single link or namespace."""

from __future__ import annotations

import ipaddress
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from . import archive  # noqa: F401  # pylint: disable=unused-import  # first, for what follows is imported through it

# isort: split
from .._engine.request import Outcome, Request
from .._engine.result import describe
from .._engine.signing import is_of_another
from .._firewall.none import NoFirewall
from .._model.addresses import A_MAC, canonical_mac
from .._model.errors import Conflict, InputError, Problem
from .._model.link import Link
from .._model.mark import Mark, is_owned, read_mark
from .._model.names import interface_name_fault, label_fault, parent_name_fault
from .._model.objects import Address, KernelObject, Namespace, Route
from .._model.place import HOST, NAMED, PATH, Place
from .._model.rows import Rows
from .._model.snapshot import Facts, Key, Snapshot
from .._plan.stack import find_uppers

LONG_NUMBER = 20  # digits


class Options:
    """A module's parameters, with every fault collected before anything happens."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self.problems: List[Problem] = []
        scope = self.label("scope")
        self.scope = scope or ""

    def __getitem__(self, name: str) -> Any:
        return self.params[name]

    def refuse(self, name: str, rule: str, fix: str = "") -> None:
        self.problems.append(Problem(name, self.params.get(name), rule, fix))

    def label(self, name: str) -> Optional[str]:
        """Return a name of a scope or namespace."""
        return self._text(name, label_fault)

    def interface(self, name: str) -> Optional[str]:
        return self._text(name, interface_name_fault)

    def parent(self, name: str) -> Optional[str]:
        """Return the name of an interface that may be a VLAN, such as eth1.30."""
        return self._text(name, parent_name_fault)

    def _text(self, name: str, fault_of: Callable[[str], Optional[str]]) -> Optional[str]:
        value = self.params[name]
        if value is not None:
            fault = fault_of(value)
            if fault:
                self.refuse(name, fault)
        return str(value) if value is not None else None

    def number(self, name: str, low: int, high: int) -> Optional[int]:
        value = self.params[name]
        if value is not None and not low <= value <= high:
            self.refuse(name, "must be from %d to %d" % (low, high))
        return int(value) if value is not None else None

    def mac(self, name: str) -> Optional[str]:
        value = self.params[name]
        return self._one_mac(name, value) if value is not None else None

    def macs(self, name: str) -> Tuple[str, ...]:
        """Return MAC addresses, each once, in order."""
        found: Dict[str, int] = {}
        for index, value in enumerate(self.params[name] or ()):
            path = "%s[%d]" % (name, index)
            mac = self._one_mac(path, value)
            if mac is not None and found.setdefault(mac, index) != index:
                self.problems.append(Problem(path, value, "the same as entry %d of this list" % found[mac], "remove one"))
        return tuple(sorted(found))

    def _one_mac(self, path: str, value: str) -> Optional[str]:
        try:
            mac = canonical_mac(value)
        except ValueError:
            # YAML reads an unquoted MAC of decimal digits as a number to base 60, and Ansible makes text of that.
            number = int(value) if value.isascii() and value.isdigit() and len(value) < LONG_NUMBER else None
            fix = "such as 02:42:0a:00:00:05" if number is None else _mend_mac(number)
            self.problems.append(Problem(path, value, "must be six pairs of hex digits with colons", fix))
            return None
        if int(mac[1], 16) & 1 or mac == "00:00:00:00:00:00":
            self.problems.append(Problem(path, value, "must be a unicast address", "make the second digit even"))
        return mac

    def ip(self, name: str) -> Optional[str]:
        value = self.params[name]
        return self.one_ip(name, value) if value is not None else None

    def ips(self, name: str) -> Tuple[str, ...]:
        found = [self.one_ip("%s[%d]" % (name, index), value) for index, value in enumerate(self.params[name] or ())]
        return tuple(ip for ip in found if ip)

    def one_ip(self, path: str, value: str) -> Optional[str]:
        try:
            if "%" in value:  # a zone is no part of what the kernel takes
                raise ValueError(value)
            return str(ipaddress.ip_address(value))
        except ValueError:
            self.problems.append(Problem(path, value, "is not an IP address", "such as 192.0.2.10"))
            return None

    def interfaces(self, name: str) -> Tuple[str, ...]:
        """Return addresses with prefix lengths."""
        found: List[str] = []
        for index, value in enumerate(self.params[name] or ()):
            try:
                if "/" not in value or "%" in value:
                    raise ValueError(value)
                found.append(ipaddress.ip_interface(value).with_prefixlen)
            except ValueError:
                self.problems.append(Problem("%s[%d]" % (name, index), value, "must be an address with prefix length", "such as 10.0.0.1/24"))
        return tuple(found)

    def place(self, name: str) -> Place:
        """Return the place of a namespace option: nothing is the host, a leading slash makes it a path."""
        value = self.params[name]
        if not value:
            return HOST
        if value.startswith("/"):
            return Place.of(PATH, value)
        self.label(name)
        return Place.of(NAMED, value)

    def check(self) -> None:
        if self.problems:
            raise InputError(tuple(self.problems))


def _mend_mac(value: int) -> str:
    from .._document.hints import mend_text

    return mend_text(value, A_MAC)


def present(module: Any, options: Options, objects: Sequence[KernelObject], links: Iterable[Tuple[str, str]]) -> Request:
    """Return the request that makes objects; entries of ours on the named links that are not among them go."""
    devices = frozenset(links)

    def build(_facts: Facts) -> Tuple[Sequence[KernelObject], Sequence[Any]]:
        return objects, ()

    def removes(snapshot: Snapshot) -> Iterable[Key]:
        entries = (snapshot.objects[key] for key in snapshot.mine)
        kept = {item.key for item in objects}
        held = [item for item in entries if isinstance(item, (Address, Route, Rows)) and (item.place, item.device) in devices]
        return [item.key for item in held if item.key not in kept and not is_of_another(item, options.scope)]

    return _request(module, options, build, removes)


def absent(module: Any, options: Options, targets: Sequence[KernelObject]) -> Request:
    """Return the request that removes links or namespaces, if they are the scope's."""

    def build(_facts: Facts) -> Tuple[Sequence[KernelObject], Sequence[Any]]:
        return (), ()

    def removes(snapshot: Snapshot) -> Iterable[Key]:
        return [target.key for target in targets if target.key in snapshot.objects and _may_remove(snapshot, target, options.scope)]

    return _request(module, options, build, removes, places=[target.place for target in targets])


def _may_remove(snapshot: Snapshot, target: KernelObject, scope: str) -> bool:
    found = snapshot.objects[target.key]
    mark = read_mark(found.alias if isinstance(found, Link) else getattr(found, "mark", None))
    if mark is None:
        raise Conflict(["%s exists and was not made by this collection; remove it with the tool that made it" % found.label])
    if not is_owned(mark, scope):
        raise Conflict(["%s belongs to scope '%s', this task has scope '%s'" % (found.label, mark.scope, scope)])
    if isinstance(found, Namespace):
        from .._engine.scope import strangers

        others = strangers(snapshot, found.place, scope, find_uppers(snapshot.links()))
        if others:
            raise Conflict(["%s holds interfaces that scope '%s' did not make: %s" % (found.label, scope, ", ".join(others))])
    return True


def _request(module: Any, options: Options, build: Any, removes: Any, places: Sequence[str] = ()) -> Request:
    options.check()
    return Request(
        scope=options.scope,
        build=build,
        backend=NoFirewall(),
        run=_run_tool,
        check_mode=module.check_mode,
        adopt=True,
        removes=removes,
        places=tuple(places),
        lock_timeout=options["lock_timeout"],
    )


def _run_tool(argv: Sequence[str], data: Optional[str] = None) -> Tuple[int, str, str]:
    from .._runtime.tool import run_system_tool

    return run_system_tool(argv, data)


def object_mark(scope: str) -> str:
    return str(Mark(scope, "object"))


def describe_link(place: str, name: str, result: str) -> Callable[[Outcome], Dict[str, Any]]:
    """Return what a task reports of its link: what was asked, laid over what was found."""

    def action(outcome: Outcome) -> Dict[str, Any]:
        found: Dict[str, Any] = {"name": name, "namespace": Place(place).reference or None, "exists": False}
        current = outcome.snapshot.link(place, name)
        wanted = [item for item in outcome.desired if isinstance(item, Link) and (item.place, item.name) == (place, name)]
        if wanted:
            found["exists"] = True
            if current is not None:
                found.update(describe(current))
            found.update(describe(wanted[0]))
            found["addresses"] = sorted(item.address for item in outcome.desired if isinstance(item, Address) and (item.place, item.device) == (place, name))
        return {result: found}

    return action
