#!/usr/bin/python
# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nat
short_description: Masquerade subnets behind an interface and publish ports
version_added: 1.0.0
description:
  - Gives the subnets behind an interface, usually a bridge, a way out by source NAT, and publishes ports of addresses in them by destination NAT.
  - The rules live in chains of our own, which are replaced as a whole and at once. Rules and chains of others are not touched.
  - Isolation comes with it. From outside only published ports are reachable, by an address of the host; direct routes to the subnets are closed.
  - Turns on IP forwarding for the families it needs, and puts the earlier value back when the last user is gone.
options:
  name:
    description: Name of this set of rules, unique on the host. A task with the same name replaces the set.
    type: str
    required: true
  interface:
    description: Interface behind which the subnets live, which may be a VLAN such as V(eth1.30). Required for O(state=present).
    type: str
  namespace:
    description:
      - Do it inside this network namespace, the name of a named one or the absolute path of a namespace file. Default is the host's own.
    type: str
  subnets:
    description: Subnets behind the interface, IPv4 or IPv6. Required for O(state=present).
    type: list
    elements: str
  masquerade:
    description: Whether what leaves the host gets the host's address as its source.
    type: bool
    default: true
  snat_addresses:
    description:
      - Fixed source addresses instead of the host's own, at most one of each family.
      - One that no interface of the host has is refused, as is O(ports[].host_ip), for no answer would come back. What stands is left with a warning.
    type: list
    elements: str
  snat_addresses_elsewhere:
    description: Whether O(snat_addresses) need not be on this host, because they are floating addresses or are routed to it.
    type: bool
    default: false
  ports:
    description:
      - Published ports. The same port of the host may lead to one IPv4 and one IPv6 address, and to one address for each O(ports[].host_ip).
      - A port that another set or scope publishes on the same host is refused, and so is one that a process of the host listens on or that a rule of
        somebody else leads elsewhere. A port that stands already is left with a warning.
    type: list
    elements: dict
    suboptions:
      published:
        description: Port on the host, 1 to 65535.
        type: int
        required: true
      address:
        description: Address in one of O(subnets) that gets the traffic.
        type: str
        required: true
      target:
        description: Port at O(ports[].address). Default is O(ports[].published).
        type: int
      count:
        description: Number of consecutive ports.
        type: int
        default: 1
      protocol:
        description: Transport protocol.
        type: str
        choices: [tcp, udp, sctp]
        default: tcp
      host_ip:
        description: Only this address of the host. Default is every address of the family of O(ports[].address).
        type: str
      allowed_sources:
        description: Only clients from these subnets. Default is everybody; an empty list is refused, for it would let in nobody.
        type: list
        elements: str
  firewall_backend:
    description:
      - V(iptables) uses C(iptables-restore --noflush) and its IPv6 twin, V(nftables) one table of its own (C(inet container_net)) and nft 1.0.6 or later,
        V(none) installs no rules.
      - V(auto) leaves the rules of the scope where they are. For a new scope it is V(iptables), or V(nftables) where only its tool is installed, and an
        error where neither is.
    type: str
    choices: [auto, iptables, nftables, none]
    default: auto
extends_documentation_fragment:
  - netloom.container_net.diff_detail
  - netloom.container_net.attributes
  - netloom.container_net.attributes.actiongroup
  - netloom.container_net.atomic
  - netloom.container_net.pyroute2
"""

EXAMPLES = r"""
- name: Masquerade a subnet and publish a web server in it
  netloom.container_net.nat:
    name: lab
    interface: br-lab
    subnets: [10.30.0.0/24]
    ports:
      - {published: 8080, address: 10.30.0.10, target: 80}

- name: Publish the same port over IPv4 and IPv6
  netloom.container_net.nat:
    name: dual
    interface: br-dual
    subnets: [10.32.0.0/24, "fd00:32::/64"]
    ports:
      - {published: 443, address: 10.32.0.10}
      - {published: 443, address: "fd00:32::10"}

- name: Make a namespace a NAT gateway for the network on its eth1
  netloom.container_net.nat:
    name: gateway
    namespace: gw
    interface: eth1
    subnets: [10.31.0.0/24]

- name: Remove the rules
  netloom.container_net.nat:
    name: lab
    state: absent
"""

RETURN = r"""
actions:
  description: The steps, in order. In check mode the steps that would be taken; the words are the same.
  returned: success
  type: list
  elements: str
  sample: ["+ iptables chain nat/CNET-POST", "~ sysctl net.ipv4.ip_forward: value 0 → 1"]
statistics:
  description:
    - What the run cost. C(netlink_changes) counts the messages that change something, C(firewall_restores) the runs of the firewall tool,
      C(seconds) the time from reading to verifying without Ansible's own.
  returned: success
  type: dict
  sample: {netlink_changes: 0, firewall_restores: 2, seconds: 0.05}
nat:
  description:
    - The set of rules that stands after the task, every value in its canonical form. O(state=absent) gives RV(nat.name), RV(nat.namespace) and
      RV(nat.exists) alone.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the set.
      type: str
    namespace:
      description: The namespace it is in, or null for the host's own.
      type: str
    exists:
      description: Whether the set stands.
      type: bool
    interface:
      description: Interface behind which the subnets live.
      type: str
    subnets:
      description: Subnets behind the interface.
      type: list
      elements: str
    masquerade:
      description: Whether what leaves the host gets the host's address as its source.
      type: bool
    snat_addresses:
      description: Fixed source addresses.
      type: list
      elements: str
    ports:
      description: Published ports, those of one address together.
      type: list
      elements: dict
  sample:
    name: lab
    namespace: null
    exists: true
    interface: br-lab
    subnets: [10.30.0.0/24]
    masquerade: true
    snat_addresses: []
    ports:
      - {published: 8080, address: 10.30.0.10, target: 80, count: 1, protocol: tcp, host_ip: null, allowed_sources: []}
"""

from ansible_collections.netloom.container_net.plugins.module_utils._ansible.atomic import Options
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.nat import describe_nat, nat_request
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.run import ATOMIC_OPTIONS, BACKEND_OPTION, DIFF_OPTION, create_module, run_request
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Request


def main() -> None:
    port_options = {
        "published": {"type": "int", "required": True},
        "address": {"type": "str", "required": True},
        "target": {"type": "int"},
        "count": {"type": "int", "default": 1},
        "protocol": {"type": "str", "choices": ["tcp", "udp", "sctp"], "default": "tcp"},
        "host_ip": {"type": "str"},
        "allowed_sources": {"type": "list", "elements": "str"},
    }
    module = create_module(
        {
            "name": {"type": "str", "required": True},
            "interface": {"type": "str"},
            "namespace": {"type": "str"},
            "subnets": {"type": "list", "elements": "str"},
            "masquerade": {"type": "bool", "default": True},
            "snat_addresses": {"type": "list", "elements": "str"},
            "snat_addresses_elsewhere": {"type": "bool", "default": False},
            "ports": {"type": "list", "elements": "dict", "options": port_options},
            **BACKEND_OPTION,
            **DIFF_OPTION,
            **ATOMIC_OPTIONS,
        },
        required_if=[("state", "present", ("interface", "subnets"))],
    )

    options = Options(module.params)

    def prepare() -> Request:
        return nat_request(module, options)

    run_request(module, prepare, describe_nat(options))


if __name__ == "__main__":
    main()
