# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.evolve import evolve
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link


def test_it_is_as_if_it_was_made_so_and_remembers_nothing() -> None:
    link = Link("", "eth0", mtu=1500)
    assert link.key[-1] in link.label
    remembered = set(vars(link)) - set(vars(Link("", "eth0", mtu=1500)))
    assert remembered
    other = evolve(link, name="eth1", up=False)
    assert not remembered & set(vars(other))
    assert other == replace(link, name="eth1", up=False)
    assert other.key == replace(link, name="eth1", up=False).key != link.key
    assert (link.name, link.mtu, other.mtu) == ("eth0", 1500, 1500)


def test_it_takes_no_value_that_there_is_not() -> None:
    with pytest.raises(TypeError, match="Link has no colour"):
        evolve(Link("", "eth0"), colour="red")
