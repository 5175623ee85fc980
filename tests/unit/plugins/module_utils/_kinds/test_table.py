# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every kind in the table must be."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Type

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.nic import Nic
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.table import KINDS, find_kind, find_samples, list_kinds, name_feature
from ansible_collections.netloom.container_net.plugins.module_utils._model.kind import PLAIN, LinkKind

EVERY = [*list_kinds(), Nic]


def test_a_row_begins_with_the_kernels_word() -> None:
    assert {word: load().kind for word, load in KINDS.items()} == {word: word for word in KINDS}
    assert (find_kind("vrf"), find_kind("tun"), find_kind(None)) == (KINDS["vrf"](), None, None)
    assert len({kind.kind for kind in (*EVERY, LinkKind)}) == len(EVERY) + 1


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.kind)
def test_a_kind_is_plain_data(kind: Type[LinkKind]) -> None:
    bare = kind()
    assert is_dataclass(kind)
    assert hash(bare) == hash(kind())
    assert all(getattr(bare, field.name) in (None, False) for field in fields(kind))
    assert kind.CREATE_ONLY | kind.UNCOMPARED | kind.TOLD_AT_TIMES <= set(bare.options)
    assert bare.matches(bare.standing_on("lower", "netns:a").joined_to("netns:a", "peer").leading())


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.kind)
def test_what_it_stands_on_or_is_joined_to_is_what_it_says(kind: Type[LinkKind]) -> None:
    bare = kind()
    lower, peer = bare.standing_on("eth1", "netns:a"), bare.joined_to("netns:b", "eth2")
    assert (lower.lower, lower.lower_place) == (("eth1", "netns:a") if kind.stands else (None, None))
    assert (peer.peer_name, peer.peer_place) == (("eth2", "netns:b") if kind.is_end else (None, None))
    assert bool(kind.PEER_ATTRIBUTE) == kind.is_end == bare.is_brought
    assert not bare.leading().is_brought
    assert bare.leading().leads == kind.is_end


def test_a_link_of_no_kind_has_nothing() -> None:
    assert not any((PLAIN.stands, PLAIN.has_ports, PLAIN.is_end, PLAIN.takes_all, PLAIN.lower, PLAIN.peer_name, PLAIN.tunnel, PLAIN.lent, PLAIN.feature))


def test_what_not_every_kernel_has_can_be_tried_and_named() -> None:
    samples = find_samples("eth0")
    assert sorted(samples) == ["dummy", "ipvlan", "macvlan", "vlan", "vlan_filtering", "vrf", "vxlan"]
    assert {sample.lower for sample in samples.values()} == {"eth0", None}
    assert name_feature("dummy") == "links of kind dummy (module dummy)"
    assert name_feature("vlan") == "links of kind vlan (802.1Q, module 8021q)"
    assert name_feature("vlan_filtering") == "bridges that tell VLANs apart (built with CONFIG_BRIDGE_VLAN_FILTERING)"


def test_what_a_sample_says_has_a_module_to_name() -> None:
    assert {kind.module for kind in list_kinds()} == {"bridge", "dummy", "ipvlan", "macvlan", "veth", "8021q", "vrf", "vxlan"}
    assert Nic.module == ""
