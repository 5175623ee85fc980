# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Docker's own networks and ours on one host: neither disturbs the other."""

from __future__ import annotations

import difflib
import json
import re
import shutil
from typing import Any, Iterator, List

import pytest
from engines import Docker, Folders, answers, running
from harness.engine import Declaration, settle
from harness.host import sh
from harness.snapshot import take_snapshot
from harness.traffic import Question
from test_attach import MESH, NEAR_MAC, ROWS, make_far_host

WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]}
# How a line of a snapshot, or a rule, shows that it is about something of ours.
OURS = re.compile(r"CNET-|container[-_]net|\bcn-[0-9a-f]{12}\b|\b(br|vx)-(web|mesh)\b")
# Chains that no rule was in before are shown with the first rule of their table.
OPEN_POLICY = re.compile(r":[A-Z]+ ACCEPT$")


def ours(port: int, **options: object) -> Declaration:
    networks = ["web", {"name": "mesh", "ipv4_address": "10.60.0.1", "mac_address": NEAR_MAC}]
    endpoint = {"name": "app", "container": {"docker": "app"}, "networks": networks, "ports": ["%d:80" % port]}
    return Declaration([{**WEB, **options}, MESH], [endpoint], ROWS)


def not_ours() -> List[str]:
    """Return links, addresses, routes, rules, neighbours, sysctls and all tables of the firewall, and each rule with the number the kernel knows it by."""
    return [line for line in (*take_snapshot(), *kernel_rules()) if not OURS.search(line) and not OPEN_POLICY.search(line)]


def kernel_rules() -> Iterator[str]:
    """Yield what nftables shows, which says more than iptables-save: a rule that was taken out and put back has another number."""
    if shutil.which("nft") is None:
        return
    for entry in json.loads(sh("nft --json --handle list ruleset"))["nftables"]:
        for kind, body in entry.items():
            if kind == "rule":
                yield "nft rule %s" % json.dumps(without_counters(body), sort_keys=True)
            elif kind == "chain" and "hook" not in body:
                yield "nft chain %s %s %s" % (body["family"], body["table"], body["name"])


def without_counters(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_counters(inner) for key, inner in value.items() if key not in ("packets", "bytes")}
    return [without_counters(inner) for inner in value] if isinstance(value, list) else value


def assert_untouched(before: List[str]) -> None:
    changes = [line for line in difflib.unified_diff(before, not_ours(), lineterm="", n=0) if line[:1] in "+-"]
    assert changes == [], "\n".join(changes)


def start_theirs(docker: Docker) -> List[Question]:
    """Start containers on Docker's default bridge and on networks of a user, of both families; return what the world asks of them."""
    docker.add_network("user4", "172.30.4.0/24")
    docker.add_network("user6", "172.30.6.0/24", "fd00:d0c::/64")
    for number, network in enumerate(("bridge", "user4", "user6"), 1):
        port = 8090 + number
        docker.run("their%d" % number, network, ports={port: (port,)}, command=("/bin/nc", "-ll", "-p", str(port), "-e", "/bin/echo", "their%d" % number))
    return [("outside", "tcp", "192.0.2.1", 8091), ("outside", "tcp", "192.0.2.1", 8092), ("outside", "tcp", "192.0.2.1", 8093)]


@pytest.mark.fake_host(timeout=150)
def test_dockers_networks_stay_as_they_are(folders: Folders) -> None:
    make_far_host()
    sh("echo 2 > /proc/sys/net/ipv6/conf/eth0/accept_ra")  # a host that forwards keeps its IPv6 default route only so
    engine = Docker(folders["docker"], folders["tree"])
    engine.settings = {"experimental": True, "ip6tables": True}
    with engine as docker:
        theirs = start_theirs(docker)
        names = ["their1", "their2", "their3"]
        docker.run("app")
        answers(theirs, *names)
        before = not_ours()
        assert any("br-" in line and "MASQUERADE" in line for line in before)
        settle(ours(8080))
        assert_untouched(before)
        answers([*theirs, ("outside", "tcp", "192.0.2.1", 8080), ("outside", "tcp", "10.60.0.1", 80)], *names, "app", "app")
        settle(ours(8090, enable_icc=False, masquerade=False))
        assert_untouched(before)
        answers([*theirs, ("outside", "tcp", "192.0.2.1", 8090)], *names, "app")
        settle(None)
        assert_untouched(before)
        answers(theirs, *names)


@pytest.mark.fake_host(timeout=120)
def test_our_networks_outlive_the_docker_engine(folders: Folders) -> None:
    make_far_host()
    with running(folders, "docker") as docker:
        docker.run("app")
        settle(ours(8080))
        own = [("outside", "tcp", "192.0.2.1", 8080), ("outside", "tcp", "2001:db8:2::1", 8080)]
        answers(own, "app")
        docker.stop_engine()
        answers(own, "app")
        docker.start_engine()
        answers(own, "app")
        assert settle(ours(8080)) == []


@pytest.mark.fake_host(timeout=120)
def test_docker_comes_after_us(folders: Folders) -> None:
    make_far_host()
    namespace = Declaration([WEB], [{"name": "app", "container": {"netns": "app"}, "networks": ["web"]}])
    settle(namespace)
    with running(folders, "docker"):
        settle(namespace)
