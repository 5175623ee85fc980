# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Where our chains hang in the built-in ones, and which programs read and write them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Mapping, NamedTuple, Tuple

from ..._model.rule import (
    DNAT_CHAIN,
    DSCP_CHAIN,
    FORWARD_CHAIN,
    INPUT_CHAIN,
    INWARD_CHAIN,
    LAST_CHAIN,
    LOOPBACK_CHAIN,
    OUTPUT_CHAIN,
    POLICY_CHAIN,
    POSTROUTING_CHAIN,
    RAW_CHAIN,
    SEAL_CHAIN,
    SEALED_CHAIN,
    SEGMENTS_CHAIN,
)

# Chains whose jump must stand before every final verdict. All other jumps are appended, and any place is right.
HEADS = frozenset((RAW_CHAIN, DSCP_CHAIN, OUTPUT_CHAIN, INWARD_CHAIN, FORWARD_CHAIN, INPUT_CHAIN, SEAL_CHAIN, SEALED_CHAIN, SEGMENTS_CHAIN, POLICY_CHAIN))
_LOCAL = "-m addrtype --dst-type LOCAL -j %s" % DNAT_CHAIN
_LOOPBACK = {4: "127.0.0.0/8", 6: "::1/128"}


class Tools(NamedTuple):
    """The programs of one family."""

    save: str
    restore: str


TOOLS: Mapping[int, Tools] = MappingProxyType({4: Tools("iptables-save", "iptables-restore"), 6: Tools("ip6tables-save", "ip6tables-restore")})
# The two kernel interfaces behind these names; only one of them should hold rules.
VARIANTS: Mapping[int, Tuple[str, str]] = {4: ("iptables-legacy-save", "iptables-nft-save"), 6: ("ip6tables-legacy-save", "ip6tables-nft-save")}


def jumps_to(chain: str, family: int) -> Tuple[Tuple[str, str], ...]:
    """Return (built-in chain, rule) of each jump that a top-level chain needs."""
    return {
        RAW_CHAIN: (("PREROUTING", "-j %s" % RAW_CHAIN),),
        DSCP_CHAIN: (("PREROUTING", "-j %s" % DSCP_CHAIN),),
        OUTPUT_CHAIN: (("OUTPUT", "-j %s" % OUTPUT_CHAIN),),
        INWARD_CHAIN: (("POSTROUTING", "-j %s" % INWARD_CHAIN),),
        FORWARD_CHAIN: (("FORWARD", "-j %s" % FORWARD_CHAIN),),
        LAST_CHAIN: (("FORWARD", "-j %s" % LAST_CHAIN),),
        SEGMENTS_CHAIN: (("FORWARD", "-j %s" % SEGMENTS_CHAIN),),
        SEAL_CHAIN: (("FORWARD", "-j %s" % SEAL_CHAIN),),
        # What the host itself sends never came by where the seal is taken off.
        SEALED_CHAIN: (("POSTROUTING", "-m addrtype ! --src-type LOCAL -j %s" % SEALED_CHAIN),),
        POLICY_CHAIN: (("FORWARD", "-j %s" % POLICY_CHAIN),),
        INPUT_CHAIN: (("INPUT", "-j %s" % INPUT_CHAIN),),
        DNAT_CHAIN: (("PREROUTING", _LOCAL), ("OUTPUT", "! -d %s %s" % (_LOOPBACK[family], _LOCAL))),
        LOOPBACK_CHAIN: (("OUTPUT", "-d %s -j %s" % (_LOOPBACK[family], LOOPBACK_CHAIN)),),
        POSTROUTING_CHAIN: (("POSTROUTING", "-j %s" % POSTROUTING_CHAIN),),
    }.get(chain, ())
