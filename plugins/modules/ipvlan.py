#!/usr/bin/python
# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ipvlan
short_description: Make, change or remove an ipvlan device
version_added: 1.0.0
description:
  - Makes an interface that shares the MAC of another one, in a namespace of its choice, with its addresses.
  - The device is made where it belongs, not moved there. Changes are made in place; only another parent replaces it.
  - O(mode) and O(flag) are one for all ipvlan devices of a parent, so a change reaches the others too.
options:
  name:
    description:
      - Name of the device, 1 to 15 characters.
    type: str
    required: true
  mode:
    description:
      - V(l2) is a neighbour on the LAN, V(l3) is routed by the parent's namespace without broadcasts, V(l3s) passes its firewall too.
    type: str
    choices: [l2, l3, l3s]
    default: l2
  flag:
    description:
      - V(bridge) lets the ipvlan devices of a parent talk to each other, V(private) keeps them apart, V(vepa) leaves it to the switch.
    type: str
    choices: [bridge, private, vepa]
    default: bridge
extends_documentation_fragment:
  - netloom.container_net.attributes
  - netloom.container_net.attributes.actiongroup
  - netloom.container_net.atomic
  - netloom.container_net.stacked
  - netloom.container_net.leading
  - netloom.container_net.pyroute2
"""

EXAMPLES = r"""
- name: Give a namespace an address on a LAN that allows one MAC a port
  netloom.container_net.ipvlan:
    name: eth0
    namespace: printer
    parent: eth1
    addresses: [192.0.2.40/24]

- name: Remove it
  netloom.container_net.ipvlan:
    name: eth0
    namespace: printer
    state: absent
"""

RETURN = r"""
actions:
  description: The steps, in order. In check mode the steps that would be taken; the words are the same.
  returned: success
  type: list
  elements: str
  sample: ["+ ipvlan eth0 in printer", "+ address 192.0.2.40/24 on eth0 in printer"]
statistics:
  description:
    - What the run cost. C(netlink_changes) counts the messages that change something, C(firewall_restores) the runs of the firewall tool,
      C(seconds) the time from reading to verifying without Ansible's own.
  returned: success
  type: dict
  sample: {netlink_changes: 2, firewall_restores: 0, seconds: 0.01}
ipvlan:
  description: The device, as found and as asked.
  returned: success
  type: dict
  sample: {name: eth0, namespace: printer, exists: true, lower: eth1, mode: l2, flag: bridge, mtu: 1500, up: true, addresses: [192.0.2.40/24]}
"""

from ansible_collections.netloom.container_net.plugins.module_utils._ansible.atomic import Options, describe_link
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.run import ATOMIC_OPTIONS, create_module, run_request
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.stacked import STACKED_OPTIONS, prepare_stacked
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Request
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.ipvlan import Ipvlan


def main() -> None:
    module = create_module(
        {
            "name": {"type": "str", "required": True},
            "mode": {"type": "str", "choices": ["l2", "l3", "l3s"], "default": "l2"},
            "flag": {"type": "str", "choices": ["bridge", "private", "vepa"], "default": "bridge"},
            **STACKED_OPTIONS,
            **ATOMIC_OPTIONS,
        },
        required_if=[("state", "present", ("parent",))],
    )
    options = Options(module.params)

    def prepare() -> Request:
        return prepare_stacked(module, options, options.interface("name") or "", Ipvlan(mode=options["mode"], flag=options["flag"]))

    run_request(module, prepare, describe_link(options.place("namespace"), module.params["name"], "ipvlan"))


if __name__ == "__main__":
    main()
