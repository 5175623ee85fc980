# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small fleets for the tests beside this file."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock import Lock
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.planner import FleetPlan, plan_fleet
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.reading import HostVariables

MESH: Dict[str, Any] = {"name": "mesh", "driver": "overlay", "ipam_config": [{"subnet": "10.60.0.0/16"}, {"subnet": "fd00:60::/64"}]}
EVERYWHERE: Dict[str, Any] = dict(MESH, on_every_host=True)
WEB: Dict[str, Any] = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}


def endpoint(name: str, *networks: Any, **more: Any) -> Dict[str, Any]:
    return {"name": name, "container": {"netns": name}, "networks": list(networks), **more}


def host(number: int, *endpoints: Dict[str, Any], networks: Any = (WEB, MESH), **more: Any) -> HostVariables:
    more.setdefault("vtep_address", "192.0.2.%d" % number)
    return HostVariables("h%d" % number, list(networks), list(endpoints), **more)


def plan(*hosts: HostVariables, lock: Optional[Lock] = None, scope: str = "main") -> FleetPlan:
    return plan_fleet(hosts, scope=scope, lock=lock or Lock(scope))


def problems(*hosts: HostVariables, lock: Optional[Lock] = None) -> List[str]:
    """Return every problem as the line the user reads."""
    with pytest.raises(InputError) as caught:
        plan(*hosts, lock=lock)
    return [str(problem) for problem in caught.value.problems]
