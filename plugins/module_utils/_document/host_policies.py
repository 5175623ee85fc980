# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Policies that the host they are declared for cannot keep."""

from __future__ import annotations

from typing import Iterator, Optional, Tuple

from .._drivers.base import HostView
from .._model import span
from .._model.document import Document
from .._model.network import Network
from .._model.policy import DENY, Selector
from .._model.selected import held_addresses, select_endpoints

UNFILTERED = "firewall_backend none installs no rules, so nothing would be denied"
UNSEEN = "what its neighbours send each other stays on the bridge, where no packet filter of this host sees it"
SWITCHES = "load br_netfilter, and set net.bridge.bridge-nf-call-iptables and net.bridge.bridge-nf-call-ip6tables to 1"


def check_host_policies(view: HostView, *, filters: bool) -> None:
    """Report denials that nobody would carry out; `filters` tells whether there is a firewall of ours."""
    for path, value, network in _denials(view.document):
        if not filters:
            view.report(path, value, UNFILTERED, "choose another backend, or remove it")
        elif network is not None and not view.facts.sees_bridged_frames:
            view.report(path, value, "network %s: %s" % (network.name, UNSEEN), SWITCHES)


def _denials(document: Document) -> Iterator[Tuple[str, str, Optional[Network]]]:
    """Yield what denies, and the network among whose neighbours it does, if there is such."""
    bridged = [network for network in document.networks if network.is_bridged and not network.isolates]
    for network in document.networks:
        for key, value in (("default_policy", network.default_policy), ("default_egress", network.default_egress)):
            if value == DENY:
                yield "networks[%s].%s" % (network.name, key), value, network if network in bridged else None
    for policy in document.policies:
        if policy.action == DENY:
            between = (item for item in bridged if _is_on(policy.source, item, document) and _is_on(policy.target, item, document))
            yield "policies[%s]" % policy.name, policy.name, next(between, None)


def _is_on(selector: Optional[Selector], network: Network, document: Document) -> bool:
    """Tell whether somebody on a side of a policy may be on a network."""
    if selector is None or network.name in selector.networks or (network.is_tunnelled and selector.neighbours):
        return True
    networks = {item.name: item for item in document.networks}
    if any(held.network is network for endpoint in select_endpoints(selector, document.endpoints) for held in held_addresses(endpoint, networks)):
        return True
    return any(_meet(cidr, subnet.subnet) for cidr in selector.cidrs for subnet in network.subnets)


def _meet(one: str, other: str) -> bool:
    (family, first, last), (other_family, start, end) = span.span(one), span.span(other)
    return family == other_family and first <= end and start <= last
