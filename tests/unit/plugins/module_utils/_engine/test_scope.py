# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Dict, List, Mapping, Sequence, Set

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._engine.scope import restored_sysctls, scope_keys, strangers
from ansible_collections.netloom.container_net.plugins.module_utils._model.rows import unfolded
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Snapshot
from ansible_collections.netloom.container_net.plugins.module_utils._plan.stack import find_uppers
from object_rows import read_object
from rule_lines import read
from toy_kernel import ToyKernel

Row = Dict[str, Any]


def owned(scope: str, *rows: Row, unread: Sequence[str] = ()) -> Set[str]:
    """Return the labels of what a scope owns."""
    snapshot = ToyKernel.of_rows(rows).snapshot()
    snapshot.places -= set(unread)
    return {item.label for item in unfolded(snapshot.objects[key] for key in scope_keys(snapshot, scope))}


OURS: Row = {"bridge": "br-web", "mark": "main:network:web"}
THEIRS: Row = {"bridge": "br-other", "mark": "other:network:web"}
FOREIGN: Row = {"bridge": "br0"}


def test_links_by_their_mark() -> None:
    assert owned("main", OURS, THEIRS, FOREIGN, {"bridge": "half", "alias": "container-net::unfinished"}) == {"bridge br-web", "bridge half"}
    assert owned("other", OURS, THEIRS, FOREIGN) == {"bridge br-other"}
    assert owned("mai", OURS, THEIRS, FOREIGN) == set()


def test_entries_by_their_link() -> None:
    rows = [{"address": "10.%d.0.1/24" % number, "dev": row["bridge"], "ours": True} for number, row in enumerate((OURS, THEIRS, FOREIGN))]
    foreign = [{"address": "10.9.0.1/24", "dev": "br-web"}, {"route": "10.8.0.0/16", "via": "10.0.0.9", "dev": "br-web"}]
    found = owned("main", OURS, THEIRS, FOREIGN, *rows, *foreign)
    assert found == {"bridge br-web", "address 10.0.0.1/24 on br-web", "address 10.2.0.1/24 on br0"}


def test_every_kind_of_entry() -> None:
    tunnel: Row = {"vxlan": "vx", "vni": 7, "udp_port": 4789, "mark": "main:network:mesh"}
    rows: List[Row] = [
        {"route": "10.8.0.0/16", "via": "10.0.0.9", "dev": "vx", "ours": True},
        {"neighbour": "10.0.0.2", "dev": "vx", "mac": "02:00:00:00:00:01"},
        {"fdb": "02:00:00:00:00:01", "dev": "vx", "remote": "192.0.2.1"},
        {"sysctl": "net/ipv4/ip_forward", "value": "1"},
        {"chain": "filter/CNET-FORWARD", "rules": []},
    ]
    expected = {"vxlan vx", "route 10.8.0.0/16", "neighbour 10.0.0.2 on vx", "fdb 02:00:00:00:00:01 via 192.0.2.1 on vx"}
    assert owned("main", tunnel, *rows) == expected
    assert owned("other", tunnel, *rows) == set()


def test_entries_where_only_the_mark_was_read_are_left_alone() -> None:
    rows: List[Row] = [{"namespace": "x", "mark": "other:namespace"}, {"address": "10.0.0.1/24", "in": "x", "dev": "eth0", "ours": True}]
    assert owned("main", *rows) == {"address 10.0.0.1/24 on eth0 in x"}
    assert owned("main", *rows, unread=["netns:x"]) == set()


def test_namespaces_by_their_mark_and_their_guests() -> None:
    guest: Row = {"link": "wg0", "in": "x"}
    mine: Row = {"namespace": "x", "mark": "main:namespace"}
    assert owned("main", mine) == {"namespace x"}
    assert owned("main", mine, guest) == set()
    assert owned("main", mine, {"bridge": "b", "in": "x", "mark": "main:object"}) == {"namespace x", "bridge b in x"}
    assert owned("main", mine, {"bridge": "b", "in": "x", "mark": "other:object"}) == set()
    assert owned("main", {"namespace": "x", "mark": "other:namespace"}, {"namespace": "y"}) == set()


def found_strangers(rows: List[Any]) -> List[str]:
    snapshot = ToyKernel.of_rows(rows).snapshot()
    return strangers(snapshot, "netns:x", "main", find_uppers(snapshot.links()))


@pytest.mark.parametrize("name", ["tunl0", "sit0", "ip6tnl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "ip6gre0"])
def test_the_kernels_own_tunnels_are_no_strangers(name: str) -> None:
    assert found_strangers([{"namespace": "x"}, {"link": name, "in": "x"}]) == []


def test_strangers_are_named() -> None:
    rows: List[Row] = [
        {"namespace": "x"},
        {"link": "macvlan0", "in": "x"},
        {"bridge": "b", "in": "x", "mark": "other:object"},
        {"bridge": "c", "in": "x", "mark": "main:object"},
    ]
    assert found_strangers(rows) == ["macvlan0", "b"]


RECORDED: Mapping[str, str] = MappingProxyType({"net/ipv6/conf/eth0/accept_ra": "1", "net/ipv6/conf/all/forwarding": "0", "net/ipv4/ip_forward": "0"})


def restored(*desired: Row, current: Sequence[Row] = (), recorded: Mapping[str, str] = RECORDED) -> List[str]:
    snapshot = ToyKernel.of_rows(current).snapshot()
    found = restored_sysctls(snapshot, "", "main", [read_object(row) for row in desired], recorded)
    return ["%s=%s" % (item.path, item.value) for item in found]  # type: ignore[attr-defined]


BACK = ["net/ipv4/ip_forward=0", "net/ipv6/conf/all/forwarding=0", "net/ipv6/conf/eth0/accept_ra=1"]


def test_settings_are_put_back_forwarding_first() -> None:
    """With forwarding off again, accept_ra 1 listens; the other way round a route could be lost."""
    assert restored() == BACK
    assert restored(current=[OURS]) == BACK
    assert restored(recorded={}) == []


def test_each_setting_stays_as_long_as_somebody_needs_it() -> None:
    assert restored({"sysctl": "net/ipv4/ip_forward", "value": "1", "restore": True}) == BACK[1:]
    assert restored(*({"sysctl": path, "value": "1", "restore": True} for path in RECORDED)) == []
    assert restored({"sysctl": "net/core/somaxconn", "value": "1"}) == BACK
    assert restored(current=[THEIRS]) == []
    assert restored(current=[FOREIGN]) == BACK
    for scope, expected in (("other", []), ("main", BACK), ("", BACK)):
        rule = '-A CNET-FORWARD -m comment --comment "container-net:%s:web:10" -j ACCEPT' % scope
        assert restored({"chain": "filter/CNET-FORWARD", "rules": [read(rule)]}) == expected


def test_an_empty_snapshot_owns_nothing() -> None:
    assert scope_keys(Snapshot(), "main") == set()
