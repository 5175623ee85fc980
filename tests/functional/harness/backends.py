# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The firewall that tests run with where they name none: CONTAINER_NET_TEST_FIREWALL is iptables-nft, iptables-legacy or nftables."""

from __future__ import annotations

import os
from typing import Sequence

from harness.host import sh

USUAL = "iptables-nft"
ALL = (USUAL, "iptables-legacy", "nftables")
WANTED = os.environ.get("CONTAINER_NET_TEST_FIREWALL", "")
TOOLS = "/run/iptables-legacy"
OURS = "inet container_net"


def option_of(backend: str) -> str:
    """Return the option firewall_backend that makes a run use it."""
    return backend.split("-")[0]


def variant_or(usual: str) -> str:
    """Return which iptables is wanted, of nft and legacy, or the usual one."""
    return WANTED.partition("-")[2] or usual


def prefer_tools() -> None:
    """On a host of its own: let `iptables` be the one that is wanted."""
    if WANTED != "iptables-legacy" or TOOLS in os.environ["PATH"]:
        return
    os.makedirs(TOOLS)
    for name in ("iptables", "ip6tables"):
        for verb in ("", "-save", "-restore"):
            sh("ln -s $(command -v %s-legacy%s) %s/%s%s" % (name, verb, TOOLS, name, verb))
    os.environ["PATH"] = "%s:%s" % (TOOLS, os.environ["PATH"])


def drop_guards(firewall: str, versions: Sequence[int] = (4, 6)) -> None:
    """Take away every rule that keeps somebody off; what is published stays published."""
    sh("for table in $(nft list tables bridge | sed -n 's/.* container_net/container_net/p'); do nft delete table bridge $table; done")
    if firewall == "nftables":
        kept = [line.split()[1] for line in sh("nft list table %s" % OURS).splitlines() if line.startswith("\tchain ")]
        sh("\n".join("nft flush chain %s '%s'" % (OURS, chain) for chain in kept if "nat" not in chain))
        return
    for version in versions:
        tool = "iptables" if version == 4 else "ip6tables"
        sh("for n in raw mangle filter; do for c in PREROUTING FORWARD INPUT OUTPUT POSTROUTING; do %s -t $n -F $c 2>/dev/null || true; done; done" % tool)


def empty(firewall: str, version: int, *chains: str) -> None:
    """Take the rules out of chains of ours, each TABLE/CHAIN."""
    for chain in chains:
        table, _slash, name = chain.partition("/")
        if firewall == "nftables":
            sh("nft flush chain %s %s%d-%s" % (OURS, table, version, name))
        else:
            sh("%s -t %s -F %s" % ("iptables" if version == 4 else "ip6tables", table, name))
