#!/usr/bin/python
# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: macvlan
short_description: Make, change or remove a macvlan device
version_added: 1.0.0
description:
  - Makes an interface with a MAC of its own on another one, in a namespace of its choice, with its addresses.
  - The device is made where it belongs, not moved there. Changes are made in place; only another parent, or a change to or from mode V(passthru), replaces it.
options:
  name:
    description:
      - Name of the device, 1 to 15 characters.
    type: str
    required: true
  mode:
    description:
      - V(bridge) lets the macvlan devices of a parent talk to each other, V(private) keeps them apart, V(vepa) leaves it to the switch.
      - V(passthru) hands the parent over to this one device.
      - V(source) takes in only frames of O(source_macs).
    type: str
    choices: [bridge, private, vepa, passthru, source]
    default: bridge
  source_macs:
    description:
      - MAC addresses whose frames alone the device takes in. Required for O(mode=source), and only for it.
    type: list
    elements: str
  broadcast_queue_length:
    description:
      - How many broadcast frames may wait for delivery, 1 to 1000000.
    type: int
  broadcast_limit:
    description:
      - Frames to a multicast address that more devices of a parent listen to than this wait in the queue of broadcasts, 0 to 1000000. With V(-1) nothing is
        queued (C(bclim) of ip-link). The kernel's default is 1, and it has one value for all devices of a parent.
      - Needs Linux 6.4. An older kernel ignores it, and the task fails without a change.
    type: int
  mac_address:
    description:
      - MAC address. Default is one that the kernel chooses. Mode V(passthru) has the parent's and takes none.
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
- name: Give a namespace an interface on the LAN
  netloom.container_net.macvlan:
    name: eth0
    namespace: printer
    parent: eth1
    addresses: [192.0.2.40/24]

- name: An interface on top of a container's own, made inside that container
  netloom.container_net.macvlan:
    name: inner0
    namespace: lab
    parent: eth0
    parent_namespace: lab
    mode: private

- name: An interface that hears two machines of the LAN and nobody else
  netloom.container_net.macvlan:
    name: eth1
    namespace: printer
    parent: eth1
    mode: source
    source_macs: ["02:00:00:00:00:02", "02:00:00:00:00:03"]
    addresses: [192.0.2.41/24]

- name: Remove it
  netloom.container_net.macvlan:
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
  sample: ["+ macvlan eth0 in printer", "+ address 192.0.2.40/24 on eth0 in printer"]
statistics:
  description:
    - What the run cost. C(netlink_changes) counts the messages that change something, C(firewall_restores) the runs of the firewall tool,
      C(seconds) the time from reading to verifying without Ansible's own.
  returned: success
  type: dict
  sample: {netlink_changes: 2, firewall_restores: 0, seconds: 0.01}
macvlan:
  description: The device, as found and as asked.
  returned: success
  type: dict
  sample: {name: eth0, namespace: printer, exists: true, lower: eth1, mode: bridge, mtu: 1500, up: true, addresses: [192.0.2.40/24]}
"""

from ansible_collections.netloom.container_net.plugins.module_utils._ansible.atomic import Options, describe_link
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.run import ATOMIC_OPTIONS, create_module, run_request
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.stacked import STACKED_OPTIONS, prepare_stacked
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Request
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.macvlan import Macvlan


def main() -> None:
    module = create_module(
        {
            "name": {"type": "str", "required": True},
            "mode": {"type": "str", "choices": ["bridge", "private", "vepa", "passthru", "source"], "default": "bridge"},
            "source_macs": {"type": "list", "elements": "str"},
            "broadcast_queue_length": {"type": "int"},
            "broadcast_limit": {"type": "int"},
            "mac_address": {"type": "str"},
            **STACKED_OPTIONS,
            **ATOMIC_OPTIONS,
        },
        required_if=[("state", "present", ("parent",))],
    )
    options = Options(module.params)

    def prepare() -> Request:
        name = options.interface("name") or ""
        length, limit = options.number("broadcast_queue_length", 1, 1_000_000), options.number("broadcast_limit", -1, 1_000_000)
        if options["mode"] == "passthru" and options["mac_address"] is not None:
            options.refuse("mac_address", "in mode passthru the device has the parent's MAC", "remove it")
        sources = options.macs("source_macs")
        if options["source_macs"] and options["mode"] != "source":
            options.refuse("source_macs", "only mode source tells senders apart", "remove it, or write mode: source")
        elif options["mode"] == "source" and not options["source_macs"] and options["state"] == "present":
            options.refuse("source_macs", "in mode source the device takes in only frames of the MACs named here", "name at least one")
        kind = Macvlan(mode=options["mode"], source_macs=sources or None, broadcast_queue_length=length, broadcast_limit=limit)
        return prepare_stacked(module, options, name, kind)

    run_request(module, prepare, describe_link(options.place("namespace"), module.params["name"], "macvlan"))


if __name__ == "__main__":
    main()
