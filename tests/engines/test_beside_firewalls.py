# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Beside the real firewalld and the real ufw: whoever starts, reloads or ends when, what is forbidden stays so, and theirs stays as it was."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path
from typing import List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.table import EMPTIED
from firewalls import PERMIT, Firewalld, give_packages
from harness.engine import converge
from harness.host import sh
from test_packets import DECLARED, SUBNETS, TABLE, raise_network, truth

pytestmark = pytest.mark.fake_host(timeout=300)

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "docsite" / "rst" / "firewall.rst"
FORBIDDEN = [row for row in TABLE if row[4] is None]
# Who may reach the host itself is theirs to say.
ALL = [(*row[:4], None) if row[:4] == ("outside", "tcp", "host", 80) else row for row in TABLE]


def not_ours() -> List[str]:
    """Return the rules of ufw and of the administrator, without counters."""
    saved = "".join(sh("%s-save" % tool) for tool in ("iptables", "ip6tables"))
    lines = [line.split(" [")[0] for line in saved.splitlines() if not line.startswith("#") and "CNET-" not in line and "container-net" not in line]
    return [line for line in lines if line.startswith(("-A ", ":ufw")) or line.endswith("DROP")]


def differences(before: List[str]) -> List[str]:
    return [line for line in difflib.unified_diff(before, not_ours(), lineterm="", n=0) if line[:2] not in ("--", "++", "@@")]


@pytest.mark.threat("T22", backends=("nftables",))
@pytest.mark.parametrize("first", ["firewalld", "networks"])
def test_firewalld(first: str) -> None:
    give_packages()
    declaration = replace(DECLARED, firewall="nftables")
    if first == "firewalld":
        daemon = Firewalld()
        before = daemon.rules()
        raise_network(declaration)
        assert daemon.rules() == before
    else:
        raise_network(declaration)
        daemon = Firewalld()
    assert truth(FORBIDDEN) == []
    daemon.permit(*("br-" + name for name in SUBNETS))
    permitted = daemon.rules()
    assert truth(ALL) == []
    sh("firewall-cmd --complete-reload")
    assert truth(ALL) == []
    daemon.stop()
    assert truth(FORBIDDEN) == []
    daemon.start()
    assert truth(ALL) == []
    assert converge(declaration).steps == ()
    converge(None)
    assert daemon.rules() == permitted


def test_firewalld_empties_iptables() -> None:
    """At each of its reloads, whoever wrote there. So the run says it, and the next one brings all back."""
    give_packages()
    declaration = replace(DECLARED, firewall="iptables")
    daemon = Firewalld()
    raise_network(declaration)
    daemon.permit(*("br-" + name for name in SUBNETS))
    assert "CNET-" not in sh("iptables-save; ip6tables-save")
    outcome = converge(declaration)
    assert outcome.steps
    assert EMPTIED in outcome.warnings
    assert truth(ALL) == []


def test_the_guide_says_what_was_tried() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for line in PERMIT.strip().splitlines():
        assert line in text


def test_ufw() -> None:
    give_packages()
    declaration = replace(DECLARED, firewall="iptables")
    raise_network(declaration)
    sh("ufw --force enable")
    assert truth(ALL) == []
    assert converge(declaration).steps == ()
    sh("ufw reload")
    assert truth(ALL) == []
    sh("ufw disable")
    assert truth(TABLE) == []
    assert converge(declaration).steps == ()
    sh("ufw --force enable")
    theirs = not_ours()
    assert len(theirs) > 30
    converge(None)
    assert differences(theirs) == []
    converge(declaration)
    assert differences(theirs) == []
