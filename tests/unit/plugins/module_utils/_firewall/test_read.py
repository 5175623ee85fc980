# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.read import read_rule
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.render import render_rule
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import INWARD, SEAL, STATES, Rule
from hypothesis import given
from hypothesis import strategies as st
from rule_lines import read

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


LABEL = '-m comment --comment "container-net:main:web.1:39"'


@pytest.mark.parametrize(
    ("line", "ours", "partial", "target"),
    [
        ("-A X %s -j DROP" % LABEL, True, False, "DROP"),
        ("-A X -p 17 -m udp --dport 5 %s -j DROP" % LABEL, True, False, "DROP"),
        ("-A X -m recent --set %s -j DROP" % LABEL, True, True, "DROP"),
        ('-A X -m comment --comment "container-net:::10" -j CNET-P-tcp-64', True, False, "CNET-P-tcp-64"),
        ('-A X -m comment --comment "somebody else" -j DROP', False, False, "DROP"),
        ('-A X -m comment --comment "container-net:a:b:c" -j DROP', False, False, "DROP"),
        ('-A X -m comment --comment "say -j ACCEPT or \\" -j QUEUE" -j DROP', False, False, "DROP"),
        ("-A X -j REJECT --reject-with icmp-port-unreachable", False, False, "REJECT"),
        ("-A X -j LOG --log-prefix x", False, False, "LOG"),
        ("-A X -j DROP", False, False, "DROP"),
        ("-A X -m conntrack ! --ctstate NEW -j DROP", False, True, "DROP"),
        ("-A X -m conntrack --ctstate NEW,OTHER -j DROP", False, True, "DROP"),
        ("-A X ! -p tcp -j DROP", False, True, "DROP"),
        ("-A X -m rpfilter -j DROP", False, True, "DROP"),
        ("-A X -m rpfilter --invert -j DROP", False, False, "DROP"),
        ("-A X -m mark ! --mark %s -j DROP" % INWARD, False, True, "DROP"),
        ("-A X -m mark --mark 0x1 -j DROP", False, True, "DROP"),
        ("-A X -m owner --uid-owner 7 -j DROP", False, True, "DROP"),
        ("-A X -m owner --uid-owner root -j DROP", False, True, "DROP"),
        ('-A X -m u32 --u32 "0x0=0x1" -j DROP', False, True, "DROP"),
        ("-A X -m addrtype --dst-type BROADCAST -j DROP", False, True, "DROP"),
        ("-A X -s not-an-address -j DROP", False, True, "DROP"),
        ("-A X -p tcp", False, True, ""),
        ("-A X -g elsewhere", False, True, ""),
        ("-A X !", False, True, ""),
        ("-A X -j", False, True, ""),
    ],
)
def test_lines_of_all_hands(line: str, ours: bool, partial: bool, target: str) -> None:
    rule = read(line)
    assert (rule.is_ours, rule.partial, rule.target) == (ours, partial, target)
    # Whoever wrote it, it can be written again as it stands.
    assert render_rule(rule) == line.replace("-p 17", "-p udp")
