#!/usr/bin/python
# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vxlan
short_description: Make, change or remove a VXLAN device
version_added: 1.0.0
description:
  - Makes a VXLAN device with its list of remote tunnel endpoints (flood list), on the host or inside a namespace, and as port of a bridge if asked.
  - The kernel fixes O(vni), O(udp_port) and O(group) when it makes the device, and the address family of O(local); changing one of them replaces
    the device. The rest is changed in place.
  - VXLAN authenticates nobody. Restrict the UDP port to the peers; the overlay networks of M(netloom.container_net.topology) do that by themselves.
options:
  name:
    description:
      - Name of the device, 1 to 15 characters.
    type: str
    required: true
  namespace:
    description:
      - Do it inside this network namespace, the name of a named one or the absolute path of a namespace file. Default is the host's own.
    type: str
  vni:
    description:
      - VXLAN network identifier, 1 to 16777215. Required for O(state=present).
    type: int
  udp_port:
    description:
      - Destination UDP port. Devices in any namespace that send and receive on the same host can share it, each with another O(vni); a process, or a
        device whose packets have other headers (C(external), C(gbp), C(gpe)), cannot.
    type: int
    default: 4789
  local:
    description:
      - This host's tunnel address, IPv4 or IPv6.
    type: str
  device:
    description:
      - Underlay interface.
    type: str
  group:
    description:
      - Multicast group that unknown and broadcast frames go to, instead of O(peers).
    type: str
  peers:
    description:
      - Tunnel addresses of the other hosts. Unknown and broadcast frames are sent to each. Peers that are no longer listed are removed.
    type: list
    elements: str
  ttl:
    description:
      - Outer time to live, 1 to 255.
    type: int
    default: 64
  learning:
    description:
      - Whether the device learns which host an address lives behind.
    type: bool
    default: true
  bridge:
    description:
      - Bridge in O(namespace) that the device is a port of. An empty string takes it out of its bridge.
    type: str
  mtu:
    description:
      - MTU in bytes, 68 to 65535. The kernel's own default does not always fit the underlay; give the underlay's less 50 (IPv4) or 70 (IPv6).
    type: int
  mac_address:
    description:
      - MAC address.
    type: str
  addresses:
    description:
      - Addresses with prefix length, IPv4 or IPv6. Those that this module gave the interface before and that are no longer listed are removed; others are left.
    type: list
    elements: str
  up:
    description:
      - Whether the device is raised.
    type: bool
    default: true
extends_documentation_fragment:
  - netloom.container_net.attributes
  - netloom.container_net.attributes.actiongroup
  - netloom.container_net.atomic
  - netloom.container_net.pyroute2
"""

EXAMPLES = r"""
- name: Stretch a bridge to two other hosts
  netloom.container_net.vxlan:
    name: vx-mesh
    vni: 4200
    local: 192.0.2.11
    peers: [192.0.2.12, 192.0.2.13]
    bridge: br-mesh
    mtu: 1450

- name: A tunnel that ends inside a namespace
  netloom.container_net.vxlan:
    name: vx0
    namespace: gateway
    vni: 7
    local: 192.0.2.11
    peers: [192.0.2.12]
    addresses: [10.70.0.1/24]

- name: Remove it
  netloom.container_net.vxlan:
    name: vx-mesh
    state: absent
"""

RETURN = r"""
actions:
  description: The steps, in order. In check mode the steps that would be taken; the words are the same.
  returned: success
  type: list
  elements: str
  sample: ["+ vxlan vx-mesh", "+ fdb 00:00:00:00:00:00 via 192.0.2.12 on vx-mesh"]
statistics:
  description:
    - What the run cost. C(netlink_changes) counts the messages that change something, C(firewall_restores) the runs of the firewall tool,
      C(seconds) the time from reading to verifying without Ansible's own.
  returned: success
  type: dict
  sample: {netlink_changes: 2, firewall_restores: 0, seconds: 0.01}
vxlan:
  description: The device, as found and as asked.
  returned: success
  type: dict
  sample: {name: vx-mesh, namespace: null, exists: true, vni: 4200, port: 4789, local: 192.0.2.11, mtu: 1450, master: br-mesh, up: true, addresses: []}
"""

import ipaddress
from typing import List

from ansible_collections.netloom.container_net.plugins.module_utils._ansible.atomic import Options, absent, describe_link, object_mark, present
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.run import ATOMIC_OPTIONS, create_module, run_request
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Request
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vxlan import Vxlan
from ansible_collections.netloom.container_net.plugins.module_utils._model.limits import MTU, PORTS
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import FLOOD_MAC, Address, FdbEntry, KernelObject


def main() -> None:
    module = create_module(
        {
            "name": {"type": "str", "required": True},
            "namespace": {"type": "str"},
            "vni": {"type": "int"},
            "udp_port": {"type": "int", "default": 4789},
            "local": {"type": "str"},
            "device": {"type": "str"},
            "group": {"type": "str"},
            "peers": {"type": "list", "elements": "str"},
            "ttl": {"type": "int", "default": 64},
            "learning": {"type": "bool", "default": True},
            "bridge": {"type": "str"},
            "mtu": {"type": "int"},
            "mac_address": {"type": "str"},
            "addresses": {"type": "list", "elements": "str"},
            "up": {"type": "bool", "default": True},
            **ATOMIC_OPTIONS,
        },
        required_if=[("state", "present", ("vni",))],
        mutually_exclusive=[("group", "peers")],
    )
    options = Options(module.params)
    place = options.place("namespace")

    def prepare() -> Request:
        name, device = options.interface("name") or "", options.interface("device")
        bridge = options.interface("bridge") if options["bridge"] else options["bridge"]
        kind = Vxlan(
            vni=options.number("vni", 1, 16777215),
            port=options.number("udp_port", *PORTS),
            local=options.ip("local"),
            device=device,
            group=options.ip("group"),
            ttl=options.number("ttl", 1, 255),
            learning=options["learning"],
        )
        peers, mtu, mac, addresses = options.ips("peers"), options.number("mtu", *MTU), options.mac("mac_address"), options.interfaces("addresses")
        if kind.local in peers:
            options.refuse("peers", "the list holds this host's own tunnel address %s" % kind.local, "leave it out")
        if len({":" in address for address in (*peers, kind.local or "", kind.group or "") if address}) > 1:
            options.refuse("peers", "local, peers and group must be of one address family")
        if kind.group and not ipaddress.ip_address(kind.group).is_multicast:
            options.refuse("group", "must be a multicast address", "name unicast addresses in peers")
        options.check()
        link = Link(place, name, kind=kind, mtu=mtu, mac=mac, up=options["up"], master=bridge, alias=object_mark(options.scope))
        if options["state"] == "absent":
            return absent(module, options, [link])
        objects: List[KernelObject] = [link]
        objects.extend(Address(place, name, address, announce=True) for address in addresses)
        objects.extend(FdbEntry(place, name, FLOOD_MAC, peer, device or "") for peer in peers)
        return present(module, options, objects, [(place, name)])

    run_request(module, prepare, describe_link(place, module.params["name"], "vxlan"))


if __name__ == "__main__":
    main()
