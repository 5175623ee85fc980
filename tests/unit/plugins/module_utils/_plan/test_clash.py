# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the way inside a container is left out; on the host, or where it was put from outside before we came, it is refused."""

from __future__ import annotations

from typing import Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.macvlan import Macvlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.veth import Veth
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Conflict
from ansible_collections.netloom.container_net.plugins.module_utils._model.kind import LinkKind
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.mark import Mark
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Address, KernelObject, Route
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Snapshot
from ansible_collections.netloom.container_net.plugins.module_utils._plan.clash import left_links, plan_around
from ansible_collections.netloom.container_net.plugins.module_utils._plan.renames import foresee_names

MARK = str(Mark("main", "endpoint", "web", "api"))
API = "path:/run/api"
DESIRED: Tuple[KernelObject, ...] = (
    Link("", "br-web", kind=Bridge(), alias=MARK),
    Link("", "ve-a", kind=Veth(API, "eth0", leads=True), alias=MARK),
    Link(API, "eth0", kind=Veth("", "ve-a"), alias=MARK),
    Address(API, "eth0", "10.1.0.2/24"),
    Route(API, "0.0.0.0/0", gateway="10.1.0.1", device="eth0"),
)
INSIDE = (Bridge(), Veth(API, "q0"), Veth("", ""), Macvlan(lower="b0"), None)
OUTSIDE = (Veth("", "docker7"), Macvlan(lower="eth0", lower_place=""))


def snapshot(kind: LinkKind, place: str = API, name: str = "eth0") -> Snapshot:
    found = Snapshot()
    found.add(Link(place, name, kind=kind, alias=""))
    return found


@pytest.mark.parametrize("kind", INSIDE)
def test_made_inside(kind: LinkKind) -> None:
    steps, desired, told = plan_around(DESIRED, snapshot(kind), (), lambda place: False)
    assert [step.line for step in steps] == ["+ bridge br-web"]
    assert left_links(DESIRED, desired) == {("", "ve-a"), (API, "eth0")}
    assert len(told) == 1
    assert "until then veth eth0 in /run/api is left out" in told[0]


@pytest.mark.parametrize("kind", OUTSIDE)
def test_put_there_from_outside(kind: LinkKind) -> None:
    with pytest.raises(Conflict, match="eth0 in /run/api exists and was not made by this collection"):
        plan_around(DESIRED, snapshot(kind), (), lambda place: False)
    steps, _desired, told = plan_around(DESIRED, snapshot(kind), (), lambda place: place == API)
    assert ([step.line for step in steps], len(told)) == (["+ bridge br-web"], 1)


def test_what_stands_under_another_name_stays() -> None:
    """Its new name is taken in there: it keeps the old one with what is on it, and who was to have that waits."""
    side = str(Mark("main", "endpoint", "side", "api"))
    found = snapshot(Bridge())
    for item in (
        Link("", "ve-a", kind=Veth(API, "eth1"), alias=MARK),
        Link(API, "eth1", kind=Veth("", "ve-a"), alias=MARK),
        Address(API, "eth1", "10.1.0.2/24"),
        Link("", "ve-old", kind=Veth(API, "eth9"), alias=str(Mark("main", "endpoint", "old", "api"))),
        Link(API, "eth9", kind=Veth("", "ve-old"), alias=str(Mark("main", "endpoint", "old", "api"))),
    ):
        found.add(item, mine=True)
    beside = (Link("", "ve-s", kind=Veth(API, "eth1", leads=True), alias=side), Link(API, "eth1", kind=Veth("", "ve-s"), alias=side))
    desired = (*DESIRED, *beside)
    steps, left, told = plan_around(desired, foresee_names(desired, found), found.mine, lambda place: True)
    assert [step.line for step in steps] == ["- veth ve-old", "+ bridge br-web"]
    assert left == DESIRED[:1]
    assert told[1:] == ["veth eth1 in /run/api is still that of 'web'; until then that of 'side' is left out"]


def test_on_the_host() -> None:
    with pytest.raises(Conflict, match="bridge br-web exists"):
        plan_around(DESIRED, snapshot(Bridge(), "", "br-web"), (), lambda place: True)
