# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Containers that a runtime puts on a declared network, and takes away again. Each is a guest there, and each call a run of its scope."""

# pylint: disable=ansible-bad-function  # what a program says goes to its output

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, Callable, Collection, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .._document.host_taken import find_listener
from .._document.leave_out import ENDPOINTS, NETWORKS
from .._document.ports import read_port
from .._engine.guests import choose_living, identify_guest
from .._engine.parting import Picks, part_alone
from .._engine.topology import read_declaration, read_kept
from .._kernel.guests import GuestBook
from .._kernel.sockets import name_process, strangers_sockets
from .._kernel.store import Entry, Store, list_scopes
from .._model.document import Attachment, Document
from .._model.errors import ContainerNetError, InputError, LockHeld, NotConfirmed, Problem
from .._model.guest import Guest
from .._model.link import Link
from .._model.names import STORE_DIRECTORY
from .._model.network import Network
from .._model.objects import Route
from .._model.place import HOST, PATH, SLOT, Place
from .._model.span import holds
from .._model.translation import Holdings
from . import cni_call as cni
from .cni_call import Call, CniError
from .means import require_means
from .restore import Restored, Restoring

Choose = Callable[[Sequence[Guest]], Sequence[Guest]]
BUSY = (LockHeld, NotConfirmed)  # which passes
NO_PORTS = "network '%s' has driver %s and publishes no ports: only a bridge network of the container publishes %s"
ADDRESSES = ("ipv4_address", "ipv6_address", "mac_address")


class Joined(NamedTuple):
    """What came of a call: the guest with its addresses, its network, and all that stands now."""

    guest: Guest
    network: Network
    attachment: Attachment
    restored: Restored

    @property
    def place(self) -> Place:
        return Place.of(PATH, self.guest.path)

    @property
    def addresses(self) -> List[Tuple[str, Optional[str]]]:
        """Each address with the length of its prefix, and the gateway there."""
        pairs = [(address, subnet) for address in self.attachment.first_addresses for subnet in self.network.subnets if holds(subnet.subnet, address)]
        return [("%s/%s" % (address, subnet.subnet.partition("/")[2]), subnet.gateway) for address, subnet in pairs]

    @property
    def routes(self) -> Iterator[Route]:
        for item in self.restored.outcome.desired:
            if isinstance(item, Route) and item.place == self.place and item.device == self.guest.interface:
                yield item

    @property
    def mac_address(self) -> str:
        """That of the interface, which some links have of the one that they stand on."""
        link = self.find_link(self.place, self.guest.interface)
        below = self.restored.outcome.snapshot.link(*link.lower) if link is not None and link.lower is not None else None
        return (link.mac if link is not None else None) or (below.mac if below is not None else None) or ""

    def find_link(self, place: Place, name: str) -> Optional[Link]:
        return next((item for item in self.restored.outcome.desired if isinstance(item, Link) and (item.place, item.name) == (place, name)), None)


def join(call: Call, generations: int) -> Joined:
    """Put the container of a call on its network, or raise with nothing changed. The runtime is the caller so many generations up."""
    require_means()
    entry = require_kept(call.scope)
    network = require_network(call.scope, call.network, entry)
    if call.ports and not (network.translates or network.opens_ports):
        print(NO_PORTS % (network.name, network.driver, ", ".join(call.ports)), file=sys.stderr)
        call = call._replace(ports=())
    guest = _welcome(call)
    _refuse_taken(call, generations)
    slots = find_slots(call, network, entry)
    if not slots:
        _refuse_place(network, guest)

    def choose(found: Sequence[Guest]) -> Sequence[Guest]:
        living = choose_living(found)
        for other in living:
            if other.container == guest.container and other.interface == guest.interface:
                there = "container %s has %s on network %s already; nothing was changed" % (guest.container, guest.interface, other.network)
                raise CniError(cni.FAILED, "it was added already", there)
            if other.endpoint == guest.endpoint and (other.container != guest.container or other.inode != guest.inode):
                raise CniError(cni.FAILED, "another container is called so", "container %s: a guest of this scope is in another namespace" % other.container)
        # Some runtimes ask for all ports on each network of a container.
        published = {port for other in living if other.container == guest.container for port in other.ports}
        rest = replace(guest, ports=tuple(port for port in guest.ports if port not in published))
        return [*living, _fill_slot(rest, slots, living)]

    # Which slot is free is only known under the lock; so the ones that may be filled are all needed.
    before = {other.endpoint for other in GuestBook().read(call.scope) if other.container == guest.container}
    needed = [(NETWORKS, guest.network), *((ENDPOINTS, name) for name in (*before, *(slots or (guest.endpoint,))))]
    restored = run(entry, choose, needed=needed)
    guest = next(one for one in restored.outcome.desired if isinstance(one, Guest) and one.key == guest.key)
    attachment = find_attachment(restored, guest)
    if attachment is None:
        why = "\n".join((*restored.words, *restored.outcome.warnings)) or "%s is in use in the container" % guest.interface
        part(call.scope, lambda other: other.key == guest.key)
        raise CniError(cni.FAILED, "the network could not be made so", "%s; what was there before is there again" % why)
    return Joined(guest, network, attachment, restored)


def leave(call: Call) -> None:
    """Take the container of a call off its network. That it is on none is no error."""
    require_means()
    part(call.scope, lambda guest: guest.container == call.container and guest.interface == call.interface)


def run(entry: Entry, choose: Choose, *, needed: Collection[Any] = (), check_mode: bool = False) -> Restored:
    return Restoring(entry, check_mode=check_mode, engines=True, wait_timeout=0.0, choose=choose, needed=needed).run()


def require_kept(scope: str) -> Entry:
    entry = Store(scope).standing()
    if entry is None:
        kept = ", ".join(list_scopes(STORE_DIRECTORY)) or "none"
        details = "no declaration of scope '%s' is kept in %s; there are: %s; apply it with persist: true; nothing was changed"
        raise CniError(cni.INVALID, "unknown scope", details % (scope, STORE_DIRECTORY, kept))
    return entry


def require_network(scope: str, name: str, entry: Entry) -> Network:
    document = read_declaration(scope, entry.options.get("networks"), None, entry.options.get("overlays"))
    found = next((network for network in document.networks if network.name == name), None)
    if found is None:
        declared = ", ".join(network.name for network in document.networks) or "none"
        details = "scope '%s' declares no network '%s'; there are: %s; nothing was changed" % (scope, name, declared)
        raise CniError(cni.INVALID, "unknown network", details)
    return found


def _welcome(call: Call) -> Guest:
    inode = identify_guest(call.path)
    if not inode:
        raise CniError(cni.UNKNOWN_CONTAINER, "there is no such namespace", "%s is no network namespace; nothing was changed" % call.path)
    asked = {key: getattr(call, key) for key in ("scope", "container", "interface", "network", "configuration", "path", "ports", "aliases")}
    addresses = {key: getattr(call, key) for key in ADDRESSES}
    return Guest(HOST, inode=inode, **asked, **addresses)


def find_slots(call: Call, network: Network, entry: Entry) -> Sequence[str]:
    """Return the declared endpoints that a container of this call may fill: the one of a slot, or all on a network whose addresses are the fleet's."""
    if not call.slot and (network.is_local or network.has_parent):
        return ()
    declared = [item for item in read_kept(entry.options).endpoints if item.place.kind == SLOT and call.slot in ("", item.place.reference)]
    slots = {item.name: item.attachments[0] for item in declared if [one.network for one in item.attachments] == [network.name]}
    if not slots:
        wanted = "slot '%s'" % call.slot if call.slot else "slot"
        rule = "scope '%s' declares no %s on network '%s' alone: an endpoint with container: {cni: NAME}; declare one; nothing was changed"
        raise CniError(cni.INVALID, "no slot", rule % (call.scope, wanted, network.name))
    fitting = [name for name, given in slots.items() if all(getattr(call, key) in (None, getattr(given, key)) for key in ADDRESSES)]
    if not fitting:
        asked = ", ".join(getattr(call, key) for key in ADDRESSES if getattr(call, key))
        details = "the declaration gives the addresses of a slot, and gives none %s; ask for no address; nothing was changed" % asked
        raise CniError(cni.INVALID, "its slot has its addresses", details)
    return fitting


def _refuse_taken(call: Call, generations: int) -> None:
    """Refuse ports that somebody else listens on. The runtime itself may, so that nobody takes them before its container has them."""
    holdings = Holdings(listening=tuple(strangers_sockets(generations, call.container)) if call.ports else ())
    problems: List[Problem] = []
    for text in call.ports:
        port = read_port(text, "ports", problems)
        found = find_listener(port, holdings, name_process) if port is not None else None
        if found is not None:
            problems.append(Problem("ports", text, found[1], "stop it or choose another port"))
    if problems:
        raise CniError(cni.INVALID, "a port is in use", str(InputError(tuple(problems))))


def _fill_slot(guest: Guest, slots: Sequence[str], living: Sequence[Guest]) -> Guest:
    if not slots:
        return guest
    filled = {other.slot for other in living}
    free = next((name for name in slots if name not in filled), None)
    if free is None:
        raise CniError(cni.FAILED, "all slots are filled", "%s: each has a container; declare more, or end one; nothing was changed" % ", ".join(slots))
    return replace(guest, slot=free)


def _refuse_place(network: Network, guest: Guest) -> None:
    """Refuse what nobody can give: an address of a LAN, which others may have."""
    families = {4 if "." in subnet.subnet else 6: "ips" for subnet in network.subnets}
    lacking = [family for family in families if getattr(guest, "ipv%d_address" % family) is None]
    if network.has_parent and lacking:
        rule = "network '%s' has driver %s: its addresses are those of a LAN, and this host does not know which are free" % (network.name, network.driver)
        problem = Problem("ips", [], rule, "give the container an IPv%d address" % lacking[0])
        raise CniError(cni.INVALID, "an address has to be given", str(InputError((problem,))))


def find_attachment(restored: Restored, guest: Guest) -> Optional[Attachment]:
    """Return the attachment of a guest, unless it had to be left out."""
    if (Place.of(PATH, guest.path), guest.interface) in restored.outcome.left_links:
        return None
    return next((item for item in _attachments(restored.declared.standing, guest.endpoint) if item.network == guest.network), None)


def _attachments(document: Document, name: str) -> Iterator[Attachment]:
    for endpoint in document.endpoints:
        if endpoint.name == name:
            yield from endpoint.attachments


def part(scope: str, picks: Picks) -> None:
    """Take guests away, and those whose namespaces are gone. What cannot be done by a run of the scope is done to them alone."""
    book = GuestBook()
    if not any(picks(guest) for guest in book.read(scope)):
        return
    try:
        entry = Store(scope).standing()
        if entry is not None:
            run(entry, lambda found: [guest for guest in choose_living(found) if not picks(guest)])
            return
    except BUSY:
        raise
    except (ContainerNetError, OSError) as error:
        print("%s; only the interface was removed" % error, file=sys.stderr)
    part_alone(scope, picks)
