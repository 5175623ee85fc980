#!/usr/bin/python
# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: veth
short_description: Make, change or remove a veth pair
version_added: 1.0.0
description:
  - Makes a pair of connected interfaces, each end in its namespace, with its addresses, and one end as port of a bridge if asked.
  - The pair is made where it belongs, not moved there. Changes are made in place; only another namespace of the other end replaces the pair.
  - This end is told by its O(name), so another O(name) means another pair. Another O(peer_name) renames the other end, unless its new name is taken.
options:
  name:
    description:
      - Name of this end, 1 to 15 characters.
    type: str
    required: true
  namespace:
    description:
      - Do it inside this network namespace, the name of a named one or the absolute path of a namespace file. Default is the host's own.
    type: str
  peer_name:
    description:
      - Name of the other end. Required for O(state=present).
    type: str
  peer_namespace:
    description:
      - Namespace of the other end, a name or an absolute path. Default is the host's own.
    type: str
  bridge:
    description:
      - Bridge in O(namespace) that this end is a port of. An empty string takes it out of its bridge.
    type: str
  mtu:
    description:
      - MTU of both ends in bytes, 68 to 65535.
    type: int
  mac_address:
    description:
      - MAC address of this end.
    type: str
  peer_mac_address:
    description:
      - MAC address of the other end.
    type: str
  addresses:
    description:
      - Addresses with prefix length, IPv4 or IPv6. Those that this module gave the interface before and that are no longer listed are removed; others are left.
    type: list
    elements: str
  peer_addresses:
    description:
      - Addresses of the other end with prefix length, IPv4 or IPv6. Those that this module gave the interface before and that are no longer listed
        are removed; others are left.
    type: list
    elements: str
  hairpin:
    description:
      - Whether the bridge may send a frame back to the port it came from. Only with O(bridge).
    type: bool
  isolated:
    description:
      - Whether the port reaches only ports that are not isolated. Only with O(bridge).
    type: bool
  up:
    description:
      - Whether both ends are raised.
    type: bool
    default: true
extends_documentation_fragment:
  - netloom.container_net.attributes
  - netloom.container_net.attributes.actiongroup
  - netloom.container_net.atomic
  - netloom.container_net.leading
  - netloom.container_net.leading.peer
  - netloom.container_net.pyroute2
"""

EXAMPLES = r"""
- name: Wire two namespaces together
  netloom.container_net.veth:
    name: eth1
    namespace: left
    peer_name: eth1
    peer_namespace: right
    addresses: [10.40.0.1/30]
    peer_addresses: [10.40.0.2/30]

- name: Make a namespace a port of a bridge
  netloom.container_net.veth:
    name: veth-api
    bridge: br-lab
    peer_name: eth0
    peer_namespace: api
    peer_addresses: [10.30.0.10/24]
    peer_gateway: 10.30.0.1

- name: Remove the pair
  netloom.container_net.veth:
    name: veth-api
    state: absent
"""

RETURN = r"""
actions:
  description: The steps, in order. In check mode the steps that would be taken; the words are the same.
  returned: success
  type: list
  elements: str
  sample: ["+ veth veth-api", "+ veth eth0 in api", "+ address 10.30.0.10/24 on eth0 in api"]
statistics:
  description:
    - What the run cost. C(netlink_changes) counts the messages that change something, C(firewall_restores) the runs of the firewall tool,
      C(seconds) the time from reading to verifying without Ansible's own.
  returned: success
  type: dict
  sample: {netlink_changes: 2, firewall_restores: 0, seconds: 0.01}
veth:
  description: This end, as found and as asked.
  returned: success
  type: dict
  sample: {name: veth-api, namespace: null, exists: true, mtu: 1500, up: true, master: br-lab, peer_name: eth0, addresses: []}
"""

from typing import List

from ansible_collections.netloom.container_net.plugins.module_utils._ansible.atomic import Options, absent, describe_link, object_mark, present
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.leading import leading_options, read_routes
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.run import ATOMIC_OPTIONS, create_module, run_request
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Request
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.veth import Veth
from ansible_collections.netloom.container_net.plugins.module_utils._model.limits import MTU
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import BridgePort, Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Address, KernelObject


def main() -> None:
    module = create_module(
        {
            "name": {"type": "str", "required": True},
            "namespace": {"type": "str"},
            "peer_name": {"type": "str"},
            "peer_namespace": {"type": "str"},
            "bridge": {"type": "str"},
            "mtu": {"type": "int"},
            "mac_address": {"type": "str"},
            "peer_mac_address": {"type": "str"},
            "addresses": {"type": "list", "elements": "str"},
            "peer_addresses": {"type": "list", "elements": "str"},
            **leading_options(),
            **leading_options("peer_"),
            "hairpin": {"type": "bool"},
            "isolated": {"type": "bool"},
            "up": {"type": "bool", "default": True},
            **ATOMIC_OPTIONS,
        },
        required_if=[("state", "present", ("peer_name",))],
    )
    options = Options(module.params)
    place, peer_place = options.place("namespace"), options.place("peer_namespace")

    def prepare() -> Request:
        name, peer = options.interface("name") or "", options.interface("peer_name") or ""
        bridge = options.interface("bridge") if options["bridge"] else options["bridge"]
        mtu, mac, peer_mac = options.number("mtu", *MTU), options.mac("mac_address"), options.mac("peer_mac_address")
        addresses, peer_addresses = options.interfaces("addresses"), options.interfaces("peer_addresses")
        routes = read_routes(options, place, name, addresses) + read_routes(options, peer_place, peer, peer_addresses, "peer_")
        if (place, name) == (peer_place, peer):
            options.refuse("peer_name", "both ends would have the same name in the same namespace", "choose another name")
        if not bridge and (options["hairpin"] is not None or options["isolated"] is not None):
            options.refuse("bridge", "hairpin and isolated are flags of a bridge port", "name the bridge")
        options.check()
        mark, up = object_mark(options.scope), options["up"]
        port = BridgePort(hairpin=options["hairpin"], isolated=options["isolated"]) if bridge else None
        link = Link(place, name, kind=Veth(peer_place, peer, leads=True), mtu=mtu, mac=mac, up=up, master=bridge, alias=mark, port=port)
        if options["state"] == "absent":
            return absent(module, options, [link])
        other = Link(peer_place, peer, kind=Veth(place, name), mtu=mtu, mac=peer_mac, up=up, alias=mark)
        objects: List[KernelObject] = [link, other]
        objects.extend(Address(place, name, address, announce=True) for address in addresses)
        objects.extend(Address(peer_place, peer, address, announce=True) for address in peer_addresses)
        objects.extend(routes)
        return present(module, options, objects, [(place, name), (peer_place, peer)])

    run_request(module, prepare, describe_link(place, module.params["name"], "veth"))


if __name__ == "__main__":
    main()
