# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import List, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.parse import read_tables
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.translations import find_translations

Row = Tuple[object, Tuple[int, int], object, bool]


def taken(*lines: str) -> List[Row]:
    """Return protocol, ports, host and whether it is limited, of what the rules of a nat table take."""
    chains = sorted({line.split()[1] for line in lines} - {"PREROUTING"})
    text = "\n".join(["*nat", ":PREROUTING ACCEPT [0:0]", *(":%s - [0:0]" % name for name in chains), *lines, "COMMIT"])
    return [(item.protocol, item.ports, item.host, item.limited) for table in read_tables(text) for item in find_translations(table, 4)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2"], [("tcp", (80, 80), None, False)]),
        (["-A PREROUTING -d 192.0.2.1/32 -p 17 -m udp --dport 80:90 -j REDIRECT --to-ports 1"], [("udp", (80, 90), "192.0.2.1", False)]),
        (["-A PREROUTING -i eth1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2"], [("tcp", (80, 80), None, True)]),
        (["-A PREROUTING ! -i eth1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2"], [("tcp", (80, 80), None, False)]),
        (["-A PREROUTING -p tcp -m set --match-set x dst -j DNAT --to-destination 10.0.0.2"], [("tcp", (0, 65535), None, True)]),
        (["-A PREROUTING -m addrtype ! --dst-type LOCAL -j DNAT --to-destination 10.0.0.2"], []),
        (["-A PREROUTING -m addrtype --dst-type UNICAST -j DNAT --to-destination 10.0.0.2"], []),
        (
            ["-A PREROUTING -p tcp -m multiport --dports 80,90:99 -j A", "-A A -p tcp -m tcp --dport 85:95 -j DNAT --to-destination 10.0.0.2"],
            [("tcp", (90, 95), None, False)],
        ),
        (["-A PREROUTING -p tcp -m tcp --dport 80 -j A", "-A A -p tcp -m tcp --dport 81 -j DNAT --to-destination 10.0.0.2"], []),
        (["-A PREROUTING -j A", "-A A -j B", "-A B -j A", "-A B -p tcp -m tcp --dport 7 -j REDIRECT"], [("tcp", (7, 7), None, False)]),
        (['-A PREROUTING -m comment --comment "-j DNAT --dport 80" -j RETURN'], []),
        (["-A PREROUTING -j CNET-DNAT", "-A CNET-DNAT -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2"], []),
        (["-A POSTROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2"], []),
    ],
)
def test_what_the_rules_of_others_take(lines: List[str], expected: List[Row]) -> None:
    assert taken(*lines) == expected
