# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Networks, and the probes of a fleet as a table, for the tests of expectations."""

from __future__ import annotations

from typing import Any, Dict, Tuple

from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.expectations import expectations
from fleets import MESH, plan

WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}
BACK = {"name": "back", "internal": True, "ipam_config": [{"subnet": "10.30.0.0/24"}]}
QUIET = {"name": "quiet", "enable_icc": False, "ipam_config": [{"subnet": "10.40.0.0/24"}]}
FAR_WEB = {"name": "web", "ipam_config": [{"subnet": "10.21.0.0/24"}]}
FAR_BACK = {"name": "back", "internal": True, "ipam_config": [{"subnet": "10.31.0.0/24"}]}
ONLY_V4 = dict(MESH, ipam_config=[{"subnet": "10.60.0.0/16"}])

Row = Tuple[str, str, str, Any]


def at(network: str, address: str, **more: Any) -> Dict[str, Any]:
    return dict({"name": network, "ipv4_address": address}, **more)


def table(*hosts: Any) -> Dict[Row, str]:
    checks = expectations(plan(*hosts))
    found: Dict[Row, str] = {}
    for check in checks:
        key = (check["from_host"] + "/" + check["from"], check["type"], check["address"], check["port"])
        assert found.setdefault(key, check["expect"]) == check["expect"], "two expectations of one probe: %s" % (key,)
        assert check["reason"]
    assert len(found) == len(checks)
    return found
