# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The plugin of netavark: Podman makes a network that stands for a declared one, and puts containers on it."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Mapping, Optional, TextIO

from .._model.errors import ContainerNetError
from .joining import Joined, find_slots, join, leave, require_kept, require_network
from .means import require_means
from .netavark_call import NO_IPAM, read_input, read_member, read_network, refuse_unlike

VERSION, API_VERSION = "1.0.0", "1.0.0"  # of this collection, and of what plugins and netavark say to each other
CREATE, SETUP, TEARDOWN, INFO = "create", "setup", "teardown", "info"
VERBS = (CREATE, SETUP, TEARDOWN, INFO)
GENERATIONS = 2  # up to Podman, which calls netavark
Answer = Optional[Mapping[str, Any]]


def serve(verb: str, path: Optional[str], text: str, output: TextIO) -> int:
    """Answer one call; return the exit status."""
    try:
        answer = _ACTS[verb](text, path)
    except (ContainerNetError, OSError) as error:
        json.dump({"error": str(error)}, output)
        return 1
    if answer is not None:
        json.dump(answer, output)
    return 0


def _create(text: str, _path: Optional[str]) -> Answer:
    """Tell what a network is by its declaration. Podman keeps that, and gives no addresses by itself where their driver is none."""
    config = read_input(text)
    call = read_network(config)
    require_means()
    entry = require_kept(call.scope)
    network = require_network(call.scope, call.network, entry)
    refuse_unlike(config, network)
    find_slots(call, network, entry)
    subnets = [{"subnet": item.subnet, **({"gateway": item.gateway} if item.gateway else {})} for item in network.subnets]
    known = {"internal": network.internal, "ipv6_enabled": bool(network.subnets_of(6)), "dns_enabled": False}
    return {**config, **known, "subnets": subnets, "ipam_options": {"driver": NO_IPAM}}


def _setup(text: str, path: Optional[str]) -> Answer:
    call = read_member(SETUP, read_input(text), path, leaves=False)
    return {"dns_search_domains": [], "dns_server_ips": [], "interfaces": {call.interface: _describe(join(call, GENERATIONS))}}


def _describe(joined: Joined) -> Mapping[str, Any]:
    subnets = [{"ipnet": address, **({"gateway": gateway} if gateway else {})} for address, gateway in joined.addresses]
    return {"mac_address": joined.mac_address, "subnets": subnets}


def _teardown(text: str, path: Optional[str]) -> Answer:
    leave(read_member(TEARDOWN, read_input(text), path, leaves=True))
    return None


def _tell(_text: str, _path: Optional[str]) -> Answer:
    return {"version": VERSION, "api_version": API_VERSION}


_ACTS: Dict[str, Callable[[str, Optional[str]], Answer]] = {CREATE: _create, SETUP: _setup, TEARDOWN: _teardown, INFO: _tell}
