#!/usr/bin/python
# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vlan
short_description: Make, change or remove a VLAN device
version_added: 1.0.0
description:
  - Makes an interface for one VLAN of another interface, in a namespace of its choice, with its addresses.
  - The device is made where it belongs, not moved there. Changes are made in place; only another parent, VLAN or protocol replaces it.
options:
  name:
    description:
      - Name of the device, 1 to 15 characters. It may have the form V(eth1.30).
    type: str
    required: true
  parent:
    description:
      - Interface that carries the VLAN. Required for O(state=present).
    type: str
  vlan_id:
    description:
      - The VLAN, 1 to 4094. Required for O(state=present).
    type: int
  protocol:
    description:
      - How frames are tagged. V(802.1ad) is the outer tag of a stack of two.
    type: str
    choices: [802.1q, 802.1ad]
    default: 802.1q
  mac_address:
    description:
      - MAC address. Default is that of O(parent).
    type: str
extends_documentation_fragment:
  - netloom.container_net.attributes
  - netloom.container_net.attributes.actiongroup
  - netloom.container_net.atomic
  - netloom.container_net.stacked
  - netloom.container_net.leading
  - netloom.container_net.pyroute2
"""

EXAMPLES = r"""
- name: Bring VLAN 30 of eth1 to the host
  netloom.container_net.vlan:
    name: eth1.30
    parent: eth1
    vlan_id: 30

- name: Bring it straight into a namespace
  netloom.container_net.vlan:
    name: eth0
    namespace: printer
    parent: eth1
    vlan_id: 30
    addresses: [192.0.2.40/24]

- name: Remove it
  netloom.container_net.vlan:
    name: eth1.30
    state: absent
"""

RETURN = r"""
actions:
  description: The steps, in order. In check mode the steps that would be taken; the words are the same.
  returned: success
  type: list
  elements: str
  sample: ["+ vlan eth1.30"]
statistics:
  description:
    - What the run cost. C(netlink_changes) counts the messages that change something, C(firewall_restores) the runs of the firewall tool,
      C(seconds) the time from reading to verifying without Ansible's own.
  returned: success
  type: dict
  sample: {netlink_changes: 2, firewall_restores: 0, seconds: 0.01}
vlan:
  description: The device, as found and as asked.
  returned: success
  type: dict
  sample: {name: eth1.30, namespace: null, exists: true, lower: eth1, vlan_id: 30, protocol: 802.1q, mtu: 1500, up: true, addresses: []}
"""

from ansible_collections.netloom.container_net.plugins.module_utils._ansible.atomic import Options, describe_link
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.run import ATOMIC_OPTIONS, create_module, run_request
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.stacked import STACKED_OPTIONS, prepare_stacked
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Request
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vlan import Vlan
from ansible_collections.netloom.container_net.plugins.module_utils._model.names import LAST_VLAN


def main() -> None:
    module = create_module(
        {
            "name": {"type": "str", "required": True},
            "vlan_id": {"type": "int"},
            "protocol": {"type": "str", "choices": ["802.1q", "802.1ad"], "default": "802.1q"},
            "mac_address": {"type": "str"},
            **STACKED_OPTIONS,
            **ATOMIC_OPTIONS,
        },
        required_if=[("state", "present", ("parent", "vlan_id"))],
    )
    options = Options(module.params)

    def prepare() -> Request:
        name, vlan_id = options.parent("name") or "", options.number("vlan_id", 1, LAST_VLAN)
        return prepare_stacked(module, options, name, Vlan(vlan_id=vlan_id, protocol=options["protocol"]))

    run_request(module, prepare, describe_link(options.place("namespace"), module.params["name"], "vlan"))


if __name__ == "__main__":
    main()
