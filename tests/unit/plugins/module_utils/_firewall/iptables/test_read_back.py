# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever rule a declaration may become: what is written of it is read as it was."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.read import read_rule
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.render import render_rule
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import INWARD, SEAL, STATES, Rule

pytest.importorskip("hypothesis", reason="hypothesis is not installed here; the main unit leg runs these")
from hypothesis import given
from hypothesis import strategies as st

NETWORKS = {
    4: (None, "10.0.0.1", "10.0.0.0/24", "!10.0.0.0/8", "0.0.0.0/0", "!0.0.0.0/0"),
    6: (None, "fd00::1", "FD00:0::/64", "!fe80::/10", "::/0", "::1/128"),
}
LINKS = (None, "br-web", "!br-web", "cnr-+")
PROTOCOLS = {4: "icmp", 6: "ipv6-icmp"}
WORDS = st.text("abcXYZ019._-", max_size=8)
PORTS = st.tuples(st.integers(0, 65535), st.integers(0, 65535)).map(lambda pair: (min(pair), max(pair)))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Any rule that a declaration may become."""
    family = draw(st.sampled_from((4, 6)))
    protocol = draw(st.sampled_from((None, "tcp", "udp", "sctp", PROTOCOLS[family])))
    fields: dict[str, Any] = {
        "source": draw(st.sampled_from(NETWORKS[family])),
        "destination": draw(st.sampled_from(NETWORKS[family])),
        "in_interface": draw(st.sampled_from(LINKS)),
        "out_interface": draw(st.sampled_from(LINKS)),
        "protocol": protocol,
        "ct_state": tuple(draw(st.lists(st.sampled_from(STATES), unique=True, max_size=3))),
    }
    if protocol in ("tcp", "udp", "sctp"):
        fields["destination_ports"] = draw(st.none() | PORTS)
    elif protocol:
        fields["icmp_type"] = draw(st.none() | st.integers(0, 255))
    for name in ("off_path", "to_host", "sealed", "not_bridged"):
        fields[name] = draw(st.booleans())
    fields["not_unicast"] = not fields["to_host"] and draw(st.booleans())
    fields["of_users"] = draw(st.none() | PORTS)
    fields["vni"] = draw(st.none() | st.integers(0, 2**24 - 1))
    target = draw(st.sampled_from(("ACCEPT", "DROP", "RETURN", "MASQUERADE", "CT", "MARK", "SNAT", "DNAT", "CNET-P-tcp-64")))
    address = "192.0.2.9" if family == 4 else "2001:db8::9"
    fields["to"] = {"MARK": draw(st.sampled_from((SEAL, INWARD))), "SNAT": address, "DNAT": address}.get(target)
    fields["to_port"] = draw(st.none() | st.integers(0, 65535)) if target == "DNAT" else None
    return Rule(family, "filter", "CNET-X", draw(st.integers(0, 99)), target, draw(WORDS), draw(WORDS), **fields)


@given(rules())
def test_what_was_written_is_read_as_it_was(rule: Rule) -> None:
    assert read_rule(render_rule(rule)[len("-A CNET-X ") :], rule.family, "filter", "CNET-X") == rule
