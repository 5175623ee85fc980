# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.render import render_rule
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import INWARD
from rule_lines import read

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
