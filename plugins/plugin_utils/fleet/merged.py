# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One value recorded for two owners, as two branches that were merged leave it: who keeps it, and what the other has now."""

from __future__ import annotations

from typing import Any, Collection, Dict, Iterator, List, Mapping, Tuple

from .lock import Lock

Owners = Mapping[str, Tuple[Any, ...]]
MESSAGE = "%s: the lock file gives %s to %s, as after a merge of two branches; %s keeps it, %s has %s now"


def list_moved(before: Lock, after: Lock, shared: Collection[str]) -> Tuple[str, ...]:
    """Return a sentence for each recorded value that changed because it was recorded twice; `shared` are the networks that are one over all hosts."""
    found: List[str] = []
    for network, held in sorted(before.addresses.items()):
        for host, owners in _spaces(held, network in shared):
            place = "network %s" % network if host is None else "network %s of host %s" % (network, host)
            found.extend(_compare(place, owners, after.addresses.get(network, {})))
    for network, parts in sorted(before.parts.items()):
        found.extend(_compare("parts of network %s" % network, parts, after.parts.get(network, {})))
    for host in sorted({owner.rpartition("/")[0] for owner in before.ports}):
        found.extend(_compare("ports of host %s" % host, _publications(before, host), _publications(after, host)))
    found.extend(_compare("VNIs", _each_alone(before.vnis), _each_alone(after.vnis)))
    return tuple(found)


def _spaces(held: Owners, shared: bool) -> Iterator[Tuple[Any, Owners]]:
    """Return the owners among whom an address is given once: all of a network, or those of each host."""
    if shared:
        yield None, held
        return
    hosts: Dict[str, Dict[str, Tuple[Any, ...]]] = {}
    for owner, values in held.items():
        hosts.setdefault(owner.rpartition("/")[0], {})[owner] = values
    yield from sorted(hosts.items())


def _publications(lock: Lock, host: str) -> Owners:
    """Return the chosen ports of a host, each with its protocol: another one's is another port."""
    return {
        "%s of %s" % (wish, owner): ("port %d/%s" % (number, wish.rpartition("/")[2]),)
        for owner, held in lock.ports.items()
        if owner.rpartition("/")[0] == host
        for wish, number in held.items()
    }


def _each_alone(values: Mapping[str, Any]) -> Owners:
    return {owner: (value,) for owner, value in values.items()}


def _compare(place: str, before: Owners, after: Owners) -> Iterator[str]:
    holders: Dict[Any, List[str]] = {}
    for owner, values in sorted(before.items()):
        for value in values:
            holders.setdefault(value, []).append(owner)
    for value, owners in holders.items():
        keepers = [owner for owner in owners if value in after.get(owner, ())]
        for owner in owners if len(owners) > 1 and keepers else ():
            now = [other for other in after.get(owner, ()) if other not in before[owner]]
            if owner not in keepers and now:
                yield MESSAGE % (place, value, " and to ".join(owners), keepers[0], owner, ", ".join(map(str, now)))
