# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that look: what they tell of a container that a runtime knows by name."""

from __future__ import annotations

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.none import NoFirewall
from ansible_collections.netloom.container_net.plugins.module_utils._model.place import Place
from ansible_collections.netloom.container_net.plugins.module_utils._probe.check import Check, Location
from ansible_collections.netloom.container_net.plugins.module_utils._probe.locations import find_locations
from ansible_collections.netloom.container_net.plugins.module_utils._probe.runner import run_checks
from ansible_collections.netloom.container_net.plugins.module_utils._report.info import Report
from ansible_collections.netloom.container_net.plugins.module_utils._report.sight import describe_containers, observe_everything, read_places
from engines import Folders, running
from harness.engine import Declaration, Tools, give_uplink, settle

WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}


@pytest.mark.fake_host
@pytest.mark.parametrize("kind", ["docker", "podman"])
def test_looking_into_a_container(folders: Folders, kind: str) -> None:
    give_uplink()
    with running(folders, kind) as engine:
        engine.run("app")
        settle(Declaration([WEB], [{"name": "api", "container": {kind: "app"}, "networks": [{"name": "web", "ipv4_address": "10.20.0.10"}]}]))

        def told(*containers: dict) -> tuple:
            sight = observe_everything(read_places((), containers), NoFirewall(), Tools().run)
            (found,) = Report(sight.snapshot, None).endpoints()
            return found["interfaces"][0], [row["state"] for row in describe_containers(sight)]

        assert told()[0]["container"] is None
        inside, states = told({kind: "app", "pid": None}, {kind: "nosuch"})
        assert (inside["container"], inside["interface"], inside["addresses"]) == ("%s:app" % kind, "eth0", ["10.20.0.10/24"])
        assert states == ["read", "not running"]

        def outcome(name: str) -> str:
            start = Location(label=name, container=Place.of(kind, name))
            checks, _responders = find_locations([Check("c", start, "ping", "10.20.0.1", "gateway")], ())
            return run_checks(checks)[0].line if not run_checks(checks)[0].ok else "pass"

        assert outcome("app") == "pass"
        assert "could not be tried: %s container 'nosuch'" % kind in outcome("nosuch")
