#!/usr/bin/python
# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bridge
short_description: Make, change or remove a Linux bridge
version_added: 1.0.0
description:
  - Makes a bridge and changes its options in place, without disconnecting its ports.
  - A bridge that exists already and was made by something else is changed as asked, and never removed. Options that are not given are not compared.
options:
  name:
    description:
      - Name of the bridge, 1 to 15 characters.
    type: str
    required: true
  namespace:
    description:
      - Do it inside this network namespace, the name of a named one or the absolute path of a namespace file. Default is the host's own.
    type: str
  mtu:
    description:
      - MTU in bytes, 68 to 65535.
    type: int
  mac_address:
    description:
      - MAC address. Default for a bridge made here is one derived from its name, so that it stays when ports come and go.
    type: str
  addresses:
    description:
      - Addresses with prefix length, IPv4 or IPv6. Those that this module gave the interface before and that are no longer listed are removed; others are left.
    type: list
    elements: str
  stp:
    description:
      - Spanning tree protocol.
    type: bool
  ageing_time:
    description:
      - Seconds after which a learned address is forgotten.
    type: int
  priority:
    description:
      - Spanning tree priority, 0 to 65535.
    type: int
  multicast_snooping:
    description:
      - IGMP and MLD snooping.
    type: bool
  up:
    description:
      - Whether the bridge is raised.
    type: bool
    default: true
extends_documentation_fragment:
  - netloom.container_net.attributes
  - netloom.container_net.attributes.actiongroup
  - netloom.container_net.atomic
  - netloom.container_net.pyroute2
"""

EXAMPLES = r"""
- name: Make a bridge with a gateway address of both families
  netloom.container_net.bridge:
    name: br-lab
    addresses: [10.30.0.1/24, "fd00:30::1/64"]

- name: Lower its MTU; its ports stay connected
  netloom.container_net.bridge:
    name: br-lab
    addresses: [10.30.0.1/24, "fd00:30::1/64"]
    mtu: 1400

- name: Make a bridge inside a namespace
  netloom.container_net.bridge:
    name: br0
    namespace: switch1

- name: Remove it
  netloom.container_net.bridge:
    name: br-lab
    state: absent
"""

RETURN = r"""
actions:
  description: The steps, in order. In check mode the steps that would be taken; the words are the same.
  returned: success
  type: list
  elements: str
  sample: ["+ bridge br-lab", "+ address 10.30.0.1/24 on br-lab"]
statistics:
  description:
    - What the run cost. C(netlink_changes) counts the messages that change something, C(firewall_restores) the runs of the firewall tool,
      C(seconds) the time from reading to verifying without Ansible's own.
  returned: success
  type: dict
  sample: {netlink_changes: 2, firewall_restores: 0, seconds: 0.01}
bridge:
  description: The bridge, as found and as asked.
  returned: success
  type: dict
  sample: {name: br-lab, namespace: null, exists: true, mtu: 1500, mac: "02:8c:0f:1d:5a:11", up: true, addresses: [10.30.0.1/24]}
"""

from ansible_collections.netloom.container_net.plugins.module_utils._ansible.atomic import Options, absent, describe_link, object_mark, present
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.run import ATOMIC_OPTIONS, create_module, run_request
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Request
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._model.addresses import derive_mac
from ansible_collections.netloom.container_net.plugins.module_utils._model.limits import BRIDGE_PRIORITY, MTU
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Address


def main() -> None:
    module = create_module(
        {
            "name": {"type": "str", "required": True},
            "namespace": {"type": "str"},
            "mtu": {"type": "int"},
            "mac_address": {"type": "str"},
            "addresses": {"type": "list", "elements": "str"},
            "stp": {"type": "bool"},
            "ageing_time": {"type": "int"},
            "priority": {"type": "int"},
            "multicast_snooping": {"type": "bool"},
            "up": {"type": "bool", "default": True},
            **ATOMIC_OPTIONS,
        }
    )
    options = Options(module.params)
    place = options.place("namespace")

    def prepare() -> Request:
        name = options.interface("name") or ""
        mtu, mac, addresses = options.number("mtu", *MTU), options.mac("mac_address"), options.interfaces("addresses")
        ageing, priority = options.number("ageing_time", 0, 1000000), options.number("priority", *BRIDGE_PRIORITY)
        options.check()
        kind = Bridge(stp=options["stp"], ageing_time=ageing, priority=priority, multicast_snooping=options["multicast_snooping"])
        # A bridge without a MAC of its own takes the lowest of its ports and changes it as they come and go.
        pinned = derive_mac(options.scope, place, name)
        link = Link(place, name, kind=kind, mtu=mtu, mac=mac, first_mac=pinned, up=options["up"], alias=object_mark(options.scope))
        if options["state"] == "absent":
            return absent(module, options, [link])
        return present(module, options, [link] + [Address(place, name, address) for address in addresses], [(place, name)])

    run_request(module, prepare, describe_link(place, module.params["name"], "bridge"))


if __name__ == "__main__":
    main()
