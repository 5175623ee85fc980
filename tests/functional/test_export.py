# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands is exported as a declaration, and a run with that declaration has nothing to do."""

from __future__ import annotations

import json
import re
from typing import Dict, List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._boot.export import export
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from ansible_collections.netloom.container_net.plugins.module_utils._report.export import NOT_TOLD
from harness.declarations import CASES, V4, endpoint, network
from harness.engine import Declaration, converge, lines, reach
from harness.host import on_fake_host, share_out
from harness.restarts import container_net, own_disk
from harness.snapshot import assert_same, take_snapshot

# What no kernel tells, and a run with the export would therefore do.
# Whom policies name, rules tell by addresses only.
OF_POLICIES = re.compile("CNET-P(OLICY|[SFTV]-)")
LACKING: Dict[str, List[str]] = {
    "sysctls": [
        "~ sysctl net.ipv4.conf.eth0.rp_filter in a: value 2 → 0",
        "~ sysctl net.ipv4.ip_unprivileged_port_start in a: value 0 → 1024",
        "~ sysctl net.ipv4.neigh.eth0.gc_stale_time in a: value 77 → 60",
    ],
    "policies": ["~ %s chain filter/CNET-FORWARD: rules +0 -1" % tool for tool in ("iptables", "ip6tables")],
}


def exported(name: str) -> Optional[str]:
    def body() -> None:
        reach(CASES[name])
        before = take_snapshot()
        if name == "nothing":
            with pytest.raises(ContainerNetError, match="nothing of scope 'main' stands on this host"):
                export("main")
            return
        told = export("main")
        assert_same(before)
        assert export("main") == told
        declared = json.loads(json.dumps(told.declaration))
        assert declared.pop("scope") == "main"
        planned = lines(converge(Declaration(**declared), check=True))
        assert [line for line in planned if not OF_POLICIES.search(line)] == LACKING.get(name, []), json.dumps(declared, indent=1)
        assert any(map(OF_POLICIES.search, planned)) == (name == "policies")
        assert told.lacking == [NOT_TOLD, *planned]

    try:
        on_fake_host(body)
    except BaseException as error:
        return "%s: %s" % (name, error)
    return None


def test_the_export_of_each_case_asks_for_what_stands() -> None:
    assert len(CASES) > 30
    faults = share_out(exported, list(CASES), timeout=600)
    assert not faults, "\n\n".join(faults)


@pytest.mark.fake_host
def test_the_program_prints_it_and_names_what_it_cannot_tell() -> None:
    own_disk()
    ends = [{"endpoint": "a", "interface_name": "w0"}, {"endpoint": "b", "interface_name": "w0"}]
    reach(Declaration([network("web", V4)], [endpoint("a", "web"), endpoint("b", "web")], links=[{"name": "direct", "ends": ends}]))
    told = container_net("export")
    end = told.index("}")
    declared = json.loads("\n".join(told[: end + 1]))
    assert list(declared) == ["scope", "networks", "endpoints"]
    assert [item["name"] for item in declared["endpoints"]] == ["a", "b"]
    assert told[end + 1] == "main: not told: %s" % NOT_TOLD
    assert [line for line in told[end + 2 :] if "veth" in line and line.startswith("main: not told: - ")], "the wire is named"
    assert container_net("export", "other", status=1) == ["container-net: nothing of scope 'other' stands on this host"]
