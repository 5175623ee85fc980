# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.objects import Chain
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.standing import read_standing
from ansible_collections.netloom.container_net.plugins.module_utils._model.translation import Translation
from rule_lines import read


def test_what_a_scope_does_already() -> None:
    label = '-m comment --comment "container-net:%s:web:20"'
    lines = tuple("-A CNET-P-udp-0 -d 192.0.2.1/32 -p udp -m udp --dport 7:9 %s -j DNAT --to-destination 10.0.0.2" % (label % scope) for scope in ("main", "b"))
    post = ("-A CNET-POST -s 10.0.0.0/24 ! -o br-web %s -j SNAT --to-source 192.0.2.9" % (label % "main"),)
    inside = tuple("-A CNET-INPUT -i %s %s -j %s" % (name, label % "main", target) for name, target in (("br-web", "DROP"), ("br-db", "ACCEPT")))
    tables = {"CNET-P-udp-0": ("nat", lines), "CNET-POST": ("nat", post), "CNET-INPUT": ("filter", inside)}
    chains = [Chain("", 4, table, name, tuple(read(line, 4, table) for line in saved)) for name, (table, saved) in tables.items()]
    found = read_standing(chains, "main")
    stands = Translation(4, "udp", (7, 9), "192.0.2.1", owner="web", target=7)
    assert (found.published, found.beside) == ((stands,), (stands,))
    assert (found.sources, found.closed) == (frozenset(("192.0.2.9",)), frozenset(("br-web",)))
