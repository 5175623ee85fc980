# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that nearly meet, and names that YAML nearly eats."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.bridge.network import BridgeNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._model import names
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError

LONG = ("customer-portal-production-a", "customer-portal-production-b")
TWO_LONG = {"networks": [{"name": name} for name in LONG]}


def test_long_names_that_begin_alike_are_two_bridges() -> None:
    networks = read_document(TWO_LONG).networks
    bridges = [network.bridge_name for network in networks if isinstance(network, BridgeNetwork)]
    assert LONG[0][:15] == LONG[1][:15]
    assert len(set(bridges)) == 2
    assert all(len(name) <= names.INTERFACE_NAME_LIMIT for name in bridges)


def test_two_names_of_one_hash_are_told_apart_by_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """48 bits are enough for all but bad luck, and bad luck is told."""
    monkeypatch.setattr(names, "digest", lambda length, *_parts: "0" * length)
    with pytest.raises(InputError) as raised:
        read_document(TWO_LONG)
    (problem,) = raised.value.problems
    assert str(problem) == (
        'networks[%s].bridge_name: got string "br-000000000000": this interface name is also that of the bridge of network "%s"; choose another name'
        % (LONG[1], LONG[0])
    )


def test_single_letters_stay_text() -> None:
    """YAML 1.1 calls y and n booleans; the loader does not."""
    document = read_document(yaml.safe_load("networks: [{name: y}, {name: n}, {name: Y}]"))
    assert [network.name for network in document.networks] == ["y", "n", "Y"]
