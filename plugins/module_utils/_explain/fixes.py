# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""How to mend a cause: apply the declaration again where the host differs from it, else the key that decides, else the command."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable, Mapping, Optional, Sequence

from .._model.document import Document
from .._model.firewall import FirewallObject
from .._model.network import Network
from .._model.published import LOOPBACK
from .._model.rule import FORWARD_CHAIN, INPUT_CHAIN, POLICIES_PREFIX, POLICY_PREFIXES, RAW_CHAIN, SEALED_CHAIN, SOURCES_CHAIN, Rule, policy_of
from .._plan.step import Step
from .sites import Sites
from .story import Cause
from .trip import Trip

FIREWALL = "firewall"
POLICIES = (POLICIES_PREFIX, *POLICY_PREFIXES)


def with_fix(cause: Cause, trip: Trip, sites: Sites, documents: Mapping[str, Document], steps: Mapping[str, Sequence[Step]]) -> Cause:
    """Return the cause with how to mend it. `steps` are by scope what a run would do now."""
    by_key = _find_key(cause, trip, sites, documents)
    if by_key and (cause.rule is not None or cause.kind == "isolated"):
        return replace(cause, fix=by_key)
    for scope, planned in steps.items():
        if _concerns(cause, planned):
            return replace(cause, fix="apply the declaration again: container-net restore %s" % scope)
    return replace(cause, fix=by_key or cause.fix or "nothing declared on this host decides it")


def _concerns(cause: Cause, steps: Iterable[Step]) -> bool:
    if cause.rule is not None:
        return False  # a rule that is there too much: ours stands as declared, anybody else's stays
    for step in steps:
        if FIREWALL in cause.about and isinstance(step.subject, FirewallObject):
            return cause.kind in ("published", "masquerade")
        if cause.about and all(word in step.subject.label for word in cause.about):
            return True
    return False


def _find_key(cause: Cause, trip: Trip, sites: Sites, documents: Mapping[str, Document]) -> str:
    """Return the key of the declaration that decides, if one does."""
    if cause.kind == "isolated":
        network = trip.start.site.network if trip.start.site is not None else None
        isolates = network is not None and network.isolates
        where = " of network %s" % network.name if network is not None else ""
        return "enable_icc: false%s keeps its endpoints apart" % where if isolates else "isolated: true of both attachments%s keeps them apart" % where
    if cause.kind == "published":
        return ""
    if cause.rule is None or not cause.rule.is_ours:
        return ""
    owner = _network(documents, cause.rule)
    return _key_of_rule(cause.rule, owner, trip)


def _network(documents: Mapping[str, Document], rule: Rule) -> Optional[Network]:
    document = documents.get(rule.scope)
    return next((network for network in document.networks if network.name == rule.owner), None) if document is not None else None


def _key_of_rule(rule: Rule, network: Optional[Network], trip: Trip) -> str:
    name = rule.owner or rule.scope
    if rule.chain.startswith(POLICIES):
        return _key_of_denial(rule)
    if network is not None and network.internal and rule.chain in (FORWARD_CHAIN, RAW_CHAIN, SEALED_CHAIN):
        return "internal: true of network %s lets nothing in or out" % name
    if rule.destination == LOOPBACK and rule.target == "DROP":
        return "nobody but the host itself reaches what is at %s: ask the host by an address of its own" % LOOPBACK
    if rule.chain == INPUT_CHAIN:
        if (rule.in_interface or "").startswith("!"):  # for who comes by any interface but the bridge
            return "a gateway answers on its own network only; ask the host by an address of its own"
        return "host_access of network %s: list the port there" % name
    if rule.chain == SOURCES_CHAIN:
        return "only addresses of network %s may speak there: give the endpoint an address of it" % name
    if rule.chain in (FORWARD_CHAIN, RAW_CHAIN, SEALED_CHAIN):
        if network is not None and network.isolates and trip.start.network == trip.target.network:
            return "enable_icc: false of network %s keeps its endpoints apart" % name
        joins = ", or put both on one network" if trip.start.site is not None else ", or name the interface in trusted_interfaces of network %s" % name
        return "network %s is closed from outside: publish the port (ports of %s) and ask the host for it%s" % (name, trip.target.words, joins)
    return "it is a rule of network %s" % name


def _key_of_denial(rule: Rule) -> str:
    if policy_of(rule):
        return "policy %s denies it: change it, or allow this one before it" % policy_of(rule)
    key = "default_egress" if rule.in_interface or rule.source else "default_policy"
    return "%s: deny of network %s: allow it by a policy" % (key, rule.owner)
