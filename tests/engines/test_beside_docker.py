# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Docker's own networks and ours on one host: neither disturbs the other."""

from __future__ import annotations

import difflib
import re
from typing import List

import pytest
from engines import Folders, answers, running
from harness.engine import Declaration, give_uplink, settle
from harness.host import sh

WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]}
CLOCKS = re.compile(r"\w+_timer +[0-9.]+| tentative")
TABLES = "for tool in iptables-save ip6tables-save; do $tool -t filter; $tool -t nat; done"


def ours(port: int, **options: object) -> Declaration:
    return Declaration([{**WEB, **options}], [{"name": "app", "container": {"docker": "app"}, "networks": ["web"], "ports": ["%d:80" % port]}])


def dockers_own() -> List[str]:
    """Return Docker's rules in their order, and its links and addresses, to the byte."""
    rules = [line for line in sh(TABLES).splitlines() if line[:1] in ("-", ":", "*") and "CNET-" not in line]
    links = [line for line in sh("ip -oneline -details address show; ip -oneline -details link show").splitlines() if "docker0" in line]
    steady = [CLOCKS.sub("", line.partition("valid_lft")[0]) for line in links]
    return [line.partition("[")[0] if line[:1] == ":" else line for line in rules] + steady


def assert_untouched(before: List[str]) -> None:
    changes = [line for line in difflib.unified_diff(before, dockers_own(), lineterm="", n=0) if line[:1] in "+-"]
    assert changes == [], "\n".join(changes)


@pytest.mark.fake_host(timeout=120)
def test_dockers_networks_stay_as_they_are(folders: Folders) -> None:
    give_uplink()
    with running(folders, "docker") as docker:
        docker.run("theirs", "bridge", ports=(8081,), command=("/bin/nc", "-ll", "-p", "8081", "-e", "/bin/echo", "theirs"))
        docker.run("app")
        before = dockers_own()
        theirs, own = ("outside", "tcp", "192.0.2.1", 8081), ("outside", "tcp", "192.0.2.1", 8080)
        answers([theirs], "theirs")
        settle(ours(8080))
        assert_untouched(before)
        answers([theirs, own], "theirs", "app")
        settle(ours(8090, enable_icc=False, masquerade=False))
        assert_untouched(before)
        answers([theirs, ("outside", "tcp", "192.0.2.1", 8090)], "theirs", "app")
        settle(None)
        assert_untouched(before)
        answers([theirs], "theirs")


@pytest.mark.fake_host(timeout=120)
def test_our_networks_outlive_the_docker_engine(folders: Folders) -> None:
    give_uplink()
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
    give_uplink()
    namespace = Declaration([WEB], [{"name": "app", "container": {"netns": "app"}, "networks": ["web"]}])
    settle(namespace)
    with running(folders, "docker"):
        settle(namespace)
