# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an earlier version kept on a host is read by this one: one file for each format that was ever written. They are added, never changed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._engine.topology import topology_request
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.store import FORMAT, Store, list_scopes
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.tool import run_system_tool

KEPT = Path(__file__).with_name("kept")


@pytest.mark.parametrize("number", range(1, FORMAT + 1))
def test_every_format_is_read(number: int, tmp_path: Path) -> None:
    directory = tmp_path / "container_net"
    directory.mkdir(mode=0o700)
    shutil.copy(KEPT / ("format-%d.json" % number), directory / "main.json")
    assert list_scopes(str(directory)) == ["main"]
    store = Store("main", str(directory))
    entry = store.standing()
    assert entry is not None
    _request, declared = topology_request({**entry.options, "firewall_backend": "none"}, run=run_system_tool, check_mode=True)
    document = declared.document
    assert [network.name for network in document.networks] == ["web", "lan", "mesh"]
    assert [(endpoint.name, endpoint.place) for endpoint in document.endpoints] == [("shop", "docker:shop"), ("db", "netns:db"), ("fw", "netns:fw")]
    assert [str(port) for port in document.endpoints[0].ports] == ["8080:80/tcp", "53068:443/tcp"]
    assert not any(attachment.given for endpoint in document.endpoints for attachment in endpoint.attachments)
    assert [wire.name for wire in document.links] == ["direct"]


def modes(path: Path) -> Tuple[int, int]:
    return path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777


def test_what_is_written_is_read_again_and_gone_when_it_is_removed(tmp_path: Path) -> None:
    directory = tmp_path / "container_net"
    store = Store("main", str(directory))
    assert (store.read(), store.standing()) == (None, None)
    store.keep({"networks": []})
    assert modes(directory / "main.json") == (0o600, 0o700)
    found, standing = store.observe(), store.standing()
    assert found is not None
    assert standing is not None
    assert (found.scope, standing.options, standing.confirmed) == ("main", {"networks": []}, False)
    store.keep({"networks": [{"name": "web"}]}, waits=True)
    store.confirm()
    store.keep({"networks": [{"name": "db"}]})
    standing = store.standing()
    assert standing is not None
    assert standing.confirmed, "what was confirmed once stays so"
    store.keep(None)
    assert not directory.exists()
