# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A chain that somebody emptied is named alone and filled again alone, in either firewall."""

from __future__ import annotations

from dataclasses import replace

import pytest
from harness import backends
from harness.declarations import CASES
from harness.engine import converge, lines, reach

pytestmark = pytest.mark.fake_host()

CHAINS = {"nat/CNET-LOOPBACK": "ports", "mangle/CNET-MSS": "clamped", "security/CNET-POLICY": "policies"}


@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
@pytest.mark.parametrize("chain", CHAINS)
def test_it_is_named_and_mended_and_then_there_is_silence(chain: str, firewall: str) -> None:
    declaration = replace(CASES[CHAINS[chain]], firewall=firewall)
    reach(declaration)
    assert converge(declaration).steps == ()
    backends.empty(firewall, 4, chain)
    (line,) = lines(converge(declaration))
    assert chain.partition("/")[2] in line
    assert converge(declaration).steps == ()
