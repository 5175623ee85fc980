# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The CNI plugin: a runtime puts a container on a declared network, and takes it away again. It is a guest there, and each call is a run of its scope."""

# pylint: disable=ansible-bad-function  # what a program says goes to its output

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any, Callable, Collection, Dict, Iterator, Mapping, Optional, Sequence, TextIO

from .._document.guests import is_slot
from .._document.leave_out import ENDPOINTS, NETWORKS
from .._engine.guests import choose_living, identify_guest
from .._engine.parting import Picks, part_alone
from .._engine.topology import read_declaration
from .._kernel.guests import GuestBook
from .._kernel.store import Entry, Store, list_scopes
from .._model.document import Attachment, Document
from .._model.errors import ContainerNetError, InputError, LockHeld, NotConfirmed, Problem
from .._model.guest import Guest
from .._model.names import STORE_DIRECTORY
from .._model.network import Network
from .._model.place import HOST, PATH, SLOT, Place
from .._report.concern import concerns
from . import cni_call as cni
from .cni_call import Call, CniError
from .cni_result import describe_added, find_missing
from .means import require_means
from .restore import Restored, Restoring

Choose = Callable[[Sequence[Guest]], Sequence[Guest]]
BUSY = (LockHeld, NotConfirmed)  # which passes


def serve(environment: Mapping[str, str], text: str, output: TextIO) -> int:
    """Answer one call; return the exit status."""
    version = cni.NEWEST
    try:
        config = {} if environment.get("CNI_COMMAND") == cni.VERSION and not text.strip() else cni.read_configuration(text)
        version = cni.answered_version(config)
        call = cni.read_call(environment, config)
        answer = _ACTS[call.command](call)
    except (ContainerNetError, OSError) as error:
        found = error if isinstance(error, CniError) else _translate(error)
        json.dump({"cniVersion": version, "code": found.code, "msg": found.msg, "details": found.details}, output)
        return 1
    if answer is not None:
        json.dump(answer, output)
    return 0


def _translate(error: Exception) -> CniError:
    if isinstance(error, BUSY):
        return CniError(cni.TRY_AGAIN, "the host is busy", str(error))
    if isinstance(error, InputError):
        return CniError(cni.INVALID, "the network cannot have it", str(error))
    return CniError(cni.NO_INPUT if isinstance(error, OSError) else cni.FAILED, "the network could not be made so", str(error))


def _add(call: Call) -> Mapping[str, Any]:
    require_means()
    entry = _require_kept(call)
    network = _require_network(call, entry)
    guest = _welcome(call)
    slots = _find_slots(call, network, entry)
    if not slots:
        _refuse_place(network, guest)
    elif any((call.ipv4_address, call.ipv6_address, call.mac_address)):
        raise CniError(cni.INVALID, "its slot has its addresses", "the declaration gives the addresses of a slot; take ips and mac out; nothing was changed")

    def choose(found: Sequence[Guest]) -> Sequence[Guest]:
        living = choose_living(found)
        for other in living:
            if other.container == guest.container and other.interface == guest.interface:
                there = "container %s has %s on network %s already; nothing was changed" % (guest.container, guest.interface, other.network)
                raise CniError(cni.FAILED, "it was added already", there)
            if other.endpoint == guest.endpoint and (other.container != guest.container or other.inode != guest.inode):
                raise CniError(cni.FAILED, "another container is called so", "container %s: a guest of this scope is in another namespace" % other.container)
        return [*living, _fill_slot(guest, slots, living)]

    # Which slot is free is only known under the lock; so the ones that may be filled are all needed.
    needed = [(NETWORKS, guest.network), *((ENDPOINTS, name) for name in slots or (guest.endpoint,))]
    restored = _run(entry, choose, needed=needed)
    guest = next(one for one in restored.outcome.desired if isinstance(one, Guest) and one.key == guest.key)
    attachment = _find_attachment(restored, guest)
    if attachment is None:
        why = "\n".join((*restored.words, *restored.outcome.warnings)) or "%s is in use in the container" % guest.interface
        _part(call.scope, lambda other: other.key == guest.key)
        raise CniError(cni.FAILED, "the network could not be made so", "%s; what was there before is there again" % why)
    return describe_added(call, guest, network, attachment, restored.outcome.desired)


def _delete(call: Call) -> None:
    require_means()
    _part(call.scope, lambda guest: guest.container == call.container and guest.interface == call.interface)


def _check(call: Call) -> None:
    require_means()
    entry = _require_kept(call)
    guest = next((one for one in GuestBook().read(call.scope) if (one.container, one.interface) == (call.container, call.interface)), None)
    if guest is None:
        raise CniError(cni.UNKNOWN_CONTAINER, "it was never added", "scope %s has no container %s with %s" % (call.scope, call.container, call.interface))
    if guest not in choose_living([guest]) or identify_guest(call.path) != guest.inode:
        raise CniError(cni.UNKNOWN_CONTAINER, "its namespace is gone", "%s does not stand for the namespace that was added" % call.path)
    wrong = find_missing(call.previous or {}, guest)
    restored = _run(entry, choose_living, check_mode=True)
    if _find_attachment(restored, guest) is None:
        wrong += [*restored.words, *restored.outcome.warnings] or ["%s is in use in the container" % guest.interface]
    others = {endpoint.name for endpoint in restored.declared.document.endpoints} | {one.endpoint for one in restored.outcome.snapshot.of(Guest)}
    others -= {guest.endpoint}
    wrong += [step.line for step in restored.outcome.steps if concerns(step, Place.of(PATH, guest.path), others)]
    if wrong:
        raise CniError(cni.DIFFERS, "it differs from what was added", "\n".join(wrong))


def _collect(call: Call) -> None:
    require_means()
    _part(call.scope, lambda guest: guest.configuration == call.configuration and (guest.container, guest.interface) not in call.valid)


def _tell_status(call: Call) -> None:
    try:
        require_means()
        entry = _require_kept(call)
        network = _require_network(call, entry)
        _find_slots(call, network, entry)
        faulty = _run(entry, choose_living, check_mode=True).faulty
    except (ContainerNetError, OSError) as error:
        raise CniError(cni.UNAVAILABLE, "containers cannot be added", str(error)) from error
    if (NETWORKS, network.name) in faulty:
        there = any(guest.network == network.name for guest in GuestBook().read(call.scope))
        raise CniError(cni.LIMITED if there else cni.UNAVAILABLE, "containers cannot be added", faulty[NETWORKS, network.name])


def _tell_versions(call: Call) -> Mapping[str, Any]:
    return {"cniVersion": call.version, "supportedVersions": list(cni.VERSIONS)}


_ACTS: Dict[str, Callable[[Call], Optional[Mapping[str, Any]]]] = {
    cni.ADD: _add,
    cni.DEL: _delete,
    cni.CHECK: _check,
    cni.GC: _collect,
    cni.STATUS: _tell_status,
    cni.VERSION: _tell_versions,
}


def _run(entry: Entry, choose: Choose, *, needed: Collection[Any] = (), check_mode: bool = False) -> Restored:
    return Restoring(entry, check_mode=check_mode, engines=True, wait_timeout=0.0, choose=choose, needed=needed).run()


def _require_kept(call: Call) -> Entry:
    entry = Store(call.scope).standing()
    if entry is None:
        kept = ", ".join(list_scopes(STORE_DIRECTORY)) or "none"
        details = "no declaration of scope '%s' is kept in %s; there are: %s; apply it with persist: true; nothing was changed"
        raise CniError(cni.INVALID, "unknown scope", details % (call.scope, STORE_DIRECTORY, kept))
    return entry


def _require_network(call: Call, entry: Entry) -> Network:
    document = read_declaration(call.scope, entry.options.get("networks"), None, None)
    found = next((network for network in document.networks if network.name == call.network), None)
    if found is None:
        declared = ", ".join(network.name for network in document.networks) or "none"
        details = "scope '%s' declares no network '%s'; there are: %s; nothing was changed" % (call.scope, call.network, declared)
        raise CniError(cni.INVALID, "unknown network", details)
    return found


def _welcome(call: Call) -> Guest:
    inode = identify_guest(call.path)
    if not inode:
        raise CniError(cni.UNKNOWN_CONTAINER, "there is no such namespace", "CNI_NETNS %s is no network namespace; nothing was changed" % call.path)
    asked = {key: getattr(call, key) for key in ("scope", "container", "interface", "network", "configuration", "path", "ports", "aliases")}
    addresses = {key: getattr(call, key) for key in ("ipv4_address", "ipv6_address", "mac_address")}
    return Guest(HOST, inode=inode, **asked, **addresses)


def _find_slots(call: Call, network: Network, entry: Entry) -> Sequence[str]:
    """Return the declared endpoints that a container of this call may fill: the one of a slot, or all on a network whose addresses are the fleet's."""
    declared = [item for item in entry.options.get("endpoints") or () if is_slot(item)]
    if call.slot:
        declared = [item for item in declared if item["container"][SLOT] == call.slot]
    elif network.is_local or network.has_parent:
        return ()
    found = [item["name"] for item in declared if [_name(one) for one in item.get("networks") or ()] == [network.name]]
    if not found:
        wanted = "slot '%s'" % call.slot if call.slot else "slot"
        rule = "scope '%s' declares no %s on network '%s' alone: an endpoint with container: {cni: NAME}; declare one; nothing was changed"
        raise CniError(cni.INVALID, "no slot", rule % (call.scope, wanted, network.name))
    return found


def _name(network: Any) -> Any:
    return network if isinstance(network, str) else network["name"]


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
        problem = Problem("runtimeConfig.ips", [], rule, "give the container an IPv%d address" % lacking[0])
        raise CniError(cni.INVALID, "an address has to be given", str(InputError((problem,))))


def _find_attachment(restored: Restored, guest: Guest) -> Optional[Attachment]:
    """Return the attachment of a guest, unless it had to be left out."""
    if (Place.of(PATH, guest.path), guest.interface) in restored.outcome.left_links:
        return None
    return next((item for item in _attachments(restored.declared.standing, guest.endpoint) if item.network == guest.network), None)


def _attachments(document: Document, name: str) -> Iterator[Attachment]:
    for endpoint in document.endpoints:
        if endpoint.name == name:
            yield from endpoint.attachments


def _part(scope: str, picks: Picks) -> None:
    """Take guests away, and those whose namespaces are gone. What cannot be done by a run of the scope is done to them alone."""
    book = GuestBook()
    if not any(picks(guest) for guest in book.read(scope)):
        return
    try:
        entry = Store(scope).standing()
        if entry is not None:
            _run(entry, lambda found: [guest for guest in choose_living(found) if not picks(guest)])
            return
    except BUSY:
        raise
    except (ContainerNetError, OSError) as error:
        print("%s; only the interface was removed" % error, file=sys.stderr)
    part_alone(scope, picks)
