#!/usr/bin/python
# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: topology
short_description: Bring a host's container networks to a declaration
version_added: 1.0.0
description:
  - Reads what the kernel has, plans the difference to the declaration, applies it in batches, reads back and compares.
  - One task serves a whole host, however many networks and endpoints it has.
  - Everything it makes carries the mark of O(scope) (the alias of a link, a comment on a firewall rule, a protocol number on addresses and routes).
    Nothing without that mark is ever removed. An existing bridge that is not ours can be used, and is never deleted.
  - The whole declaration is validated before anything is touched, and all errors are reported at once.
  - If a step fails, what stood before is put back.
  - Addresses that are new on a bridge which is not ours, or on the LAN of a parent, are asked for on that segment first; one that somebody answers for
    is refused.
options:
  scope:
    description:
      - Name of this declaration. Removal never reaches outside its scope, so several declarations can share a host.
      - One to 63 characters of A-Z a-z 0-9 _ . -, a letter or digit first.
    type: str
    default: main
  networks:
    description:
      - List of networks. Which keys one takes depends on its V(driver); each says whose it is.
      - Types are checked before any conversion, so quote what YAML would read as a number.
      - The same keys, as tables, are in R(a page of the guides,ansible_collections.netloom.container_net.docsite.declaration).
    type: raw
  endpoints:
    description:
      - List of endpoints. An endpoint is a container or network namespace attached to networks.
      - An endpoint for which no address is given keeps the one it has, as long as that is in V(ip_range) and nobody else names it; a new one is given an
        address of the subnet by its name, the same on a host that has nothing yet.
      - For several networks of one endpoint, see R(the guide,ansible_collections.netloom.container_net.docsite.multi_homing).
    type: raw
  links:
    description:
      - List of wires, beside the networks. A wire is a veth pair with two ends; a tunnel is a VXLAN device that ends in an endpoint.
      - An end is an interface of an endpoint, a port of a network or, at the other end of an endpoint's, an interface of the host itself.
      - A wire between two networks makes them one layer 2, so that endpoints on one may have addresses and the gateway of the other. Networks that are joined
        in a ring are refused, unless each has V(stp).
    type: raw
  policies:
    description:
      - List of policies, which say by name who may begin connections to whom. The first that names both sides decides; answers always pass.
      - An V(allow) also opens networks that are closed to each other, towards whom O(policies) names in C(to) by endpoint, group or network.
      - What no policy names is up to V(default_policy) and V(default_egress) of the networks, and to their own isolation.
      - See R(the guide,ansible_collections.netloom.container_net.docsite.policies).
    type: raw
  overlays:
    description:
      - Peers and endpoints of each overlay, and peers of each routed network, on the whole fleet, as returned by M(netloom.container_net.fleet_plan).
        Rows of this host are left out.
    type: dict
  state:
    description:
      - V(present) makes the host match the declaration.
      - V(absent) removes everything the scope owns; O(networks) and O(endpoints) are then not needed.
    type: str
    choices: [present, absent]
    default: present
  firewall_backend:
    description:
      - V(iptables) uses C(iptables-restore --noflush) and its IPv6 twin, V(nftables) one table of its own (C(inet container_net)) and nft 1.0.6 or later,
        V(none) installs no rules.
      - V(auto) leaves the rules of the scope where they are. For a new scope it is V(iptables), or V(nftables) where only its tool is installed, and an
        error where neither is.
      - Another backend than before takes all rules of the scope over, in one run.
      - With V(none) there is no NAT, no published port and no isolation between networks.
    type: str
    choices: [auto, iptables, nftables, none]
    default: auto
  lock_timeout:
    description: Seconds to wait for another run on the same host to end.
    type: float
    default: 60.0
  wait_timeout:
    description:
      - Seconds to wait until the containers of C(docker) and C(podman) run and the files of C(path) are there, and until the host has the links,
        addresses and default route that the declaration builds on. Nothing is changed before.
      - V(0) does not wait. What is missing is then, or after the time, an error. Any other error ends the waiting at once.
    type: float
    default: 0.0
  allow_management:
    description:
      - Allow a subnet that covers the address this host is managed from, publishing the SSH port, and taking the interface that carries the connection.
      - To take that interface, O(confirm_timeout) is needed as well.
    type: bool
    default: false
  confirm_timeout:
    description:
      - With more than 0, what this run changes has to be confirmed within so many seconds (5 to 3600), by M(netloom.container_net.confirm) over a new
        connection. Without a confirmation, the host goes back to what stood before.
        See R(the guide,ansible_collections.netloom.container_net.docsite.own_connection).
      - The time starts before the first change and is counted by a clock that nobody can set. A process that is left behind on the host does the work,
        also if this task, its connection or the controller dies. It ends with the confirmation or with its time.
      - Where there is nothing to change, nothing waits for a confirmation.
      - While a change waits, no other task of this collection changes the host; it fails and names the seconds left.
    type: int
    default: 0
  allow_empty:
    description:
      - Whether a declaration with no network, no endpoint and no link may remove what the scope has on the host.
      - With V(false), such a run is refused and nothing is changed, because variables that stand in the wrong place look the same.
        O(state=absent) removes all without asking.
    type: bool
    default: false
  skip_unsupported:
    description:
      - What to do with networks and links that this host's kernel cannot have, such as an V(ipvlan) network on a kernel without ipvlan.
      - With V(false), they are an error that names what the kernel lacks, and nothing is changed.
      - With V(true), they are left out, with their places in endpoints and in links, with routes that lead there, and with the ports of an endpoint that no
        other network answers for. A warning names each. Everything else is applied.
      - What stands already is not taken away for that. If a network that has to be left out stands in another form, it is an error.
      - Both are the same in check mode. The kernel is asked in a namespace of its own, and only about kinds of links that do not stand on the host.
    type: bool
    default: false
  persist:
    description:
      - Whether the declaration is kept on the host, in C(/var/lib/container_net), one file for each scope that only root can read, with every address and
        host port that was chosen for it. The program C(container-net), which the role P(netloom.container_net.boot#role) installs, brings it back when the
        host starts.
      - It is written before anything is changed, and put back as it was where the change fails or is not confirmed. A change that waits for its
        confirmation when the host restarts counts as not made.
      - Endpoints that are processes by their number (C(pid)) are not kept, and a warning names them.
      - With V(false), or O(state=absent), the scope is kept no longer.
    type: bool
    default: false
extends_documentation_fragment:
  - netloom.container_net.declaration
  - netloom.container_net.diff_detail
  - netloom.container_net.attributes
  - netloom.container_net.attributes.actiongroup
  - netloom.container_net.pyroute2
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - Needs root on the host.
  - What a container does to its own interfaces, routes and rules stops nothing. Ours is repaired. Where something of its own stands in the place of ours,
    that stays, ours is left out with a warning, and everything else is made.
seealso:
  - module: netloom.container_net.confirm
  - module: netloom.container_net.fleet_plan
  - module: netloom.container_net.topology_info
  - module: netloom.container_net.probe
author:
  - The netloom.container_net authors (@netloom)
"""

EXAMPLES = r"""
- name: Give two namespaces a network with NAT and a published port
  netloom.container_net.topology:
    networks:
      - name: web
        ipam_config:
          - subnet: 10.20.0.0/24
          - subnet: "fd00:20::/64"
    endpoints:
      - name: api
        container: {netns: api}
        networks:
          - {name: web, ipv4_address: 10.20.0.10}
        ports: ["8080:80/tcp"]
      - name: cache
        container: {netns: cache}
        networks: [web]

- name: Give two containers started with --network none a network, and a sidecar that of the first
  netloom.container_net.topology:
    networks:
      - name: web
        ipam_config: [{subnet: 10.20.0.0/24}]
    endpoints:
      - name: shop
        container: {docker: shop}
        networks: [web]
        ports: ["8080:80/tcp"]
      - name: queue
        container: {podman: queue}
        networks: [web]
      - name: metrics
        container: {docker: metrics}
        network_mode: container:shop
    wait_timeout: 30

- name: Wait for a container that another tool starts and for the interface below it, then put it on the LAN
  netloom.container_net.topology:
    scope: lan
    networks:
      - {name: lan, driver: macvlan, parent: eth1, ipam_config: [{subnet: 192.0.2.0/24, gateway: 192.0.2.1}]}
    endpoints:
      - name: mail
        container: {path: /run/netns/cni-5d1e0c}
        networks: [{name: lan, ipv4_address: 192.0.2.70}]
    wait_timeout: 60

- name: Give a process with a namespace of its own a network, and both ends of its cable a name
  netloom.container_net.topology:
    scope: build
    networks: [{name: build, ipam_config: [{subnet: 10.44.0.0/24}]}]
    endpoints:
      - name: build
        container: {pid: "{{ build.pid | int }}"}
        networks: [{name: build, interface_name: lan0, host_interface_name: build-lan}]

- name: Show what a change would do, without doing it
  netloom.container_net.topology:
    networks: "{{ my_networks }}"
    endpoints: "{{ my_endpoints }}"
  check_mode: true
  diff: true

- name: Join an overlay across hosts, with the rows that fleet_plan computed
  netloom.container_net.topology:
    networks: "{{ plan.hosts[inventory_hostname].networks }}"
    endpoints: "{{ plan.hosts[inventory_hostname].endpoints }}"
    overlays: "{{ plan.overlays }}"
    policies: "{{ plan.policies }}"

- name: Change what may cut this connection, and take it back unless a new connection confirms it
  netloom.container_net.topology:
    networks: "{{ my_networks }}"
    endpoints: "{{ my_endpoints }}"
    confirm_timeout: 60
  register: change

- name: Drop the connection
  ansible.builtin.meta: reset_connection

- name: Keep the change
  netloom.container_net.confirm:
  when: change.confirm_before is truthy

- name: Wire two namespaces together, and a third to a network
  netloom.container_net.topology:
    networks: [{name: web, ipam_config: [{subnet: 10.20.0.0/24}]}]
    endpoints:
      - {name: left, container: {netns: left}}
      - {name: right, container: {netns: right}}
    links:
      - name: direct
        ends:
          - {endpoint: left, interface_name: eth1, addresses: [10.9.0.1/30]}
          - {endpoint: right, interface_name: eth1, addresses: [10.9.0.2/30]}
      - name: patch
        ends: [{network: web}, {endpoint: right, addresses: [10.20.0.200/24]}]
      - name: admin
        ends: [{host: true, interface_name: adm0, addresses: [10.9.1.1/30]}, {endpoint: left, addresses: [10.9.1.2/30]}]

- name: Hand a network card to a firewall, which hides a network behind it
  netloom.container_net.topology:
    networks: [{name: inner, gateway_on_host: false, ipam_config: [{subnet: 10.30.0.0/24, gateway: 10.30.0.1}]}]
    endpoints:
      - name: firewall
        container: {netns: firewall}
        networks: [{name: inner, ipv4_address: 10.30.0.1}]
        forwarding: true
        devices: [{pci_address: "0000:03:00.0", interface_name: wan, addresses: [203.0.113.2/24]}]

- name: Remove everything this scope made
  netloom.container_net.topology:
    scope: main
    state: absent
"""

RETURN = r"""
actions:
  description: The steps, in order. In check mode the steps that would be taken; the words are the same.
  returned: success
  type: list
  elements: str
  sample: ["+ namespace api", "+ bridge br-web", "~ veth eth0 in api: mtu 1500 → 1450", "- address 10.20.0.9/24 on eth0 in api"]
differences:
  description: The same in the words of the declaration, one line for each thing of it that was different. Empty where the host is in order.
  returned: success
  type: list
  elements: str
  sample: ["+ network web (bridge br-web, 10.20.0.0/24)", "~ container api on web: mtu 1500 → 1450"]
endpoints:
  description: The declared endpoints with every allocated value, without what O(skip_unsupported) left out.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: Name of the endpoint., type: str, returned: success}
    place: {description: "Where it lives, such as C(netns:api) or C(docker:shop); empty where no container is named.", type: str, returned: success}
    networks:
      description: Its places on networks.
      returned: success
      type: list
      elements: dict
      contains:
        name: {description: Name of the network., type: str, returned: success}
        interface_name: {description: Name of the interface inside., type: str, returned: success}
        host_interface_name: {description: "Name of the host's end, null where there is none.", type: str, returned: success}
        ipv4_address: {description: "IPv4 address, null where it has none.", type: str, returned: success}
        ipv6_address: {description: "IPv6 address, null where it has none.", type: str, returned: success}
        addresses: {description: Further addresses., type: list, elements: str, returned: success}
        mac_address: {description: "MAC address, null where it has that of the parent.", type: str, returned: success}
    ports: {description: "Its published ports, in the short form.", type: list, elements: str, returned: success}
    labels: {description: "Its labels, as declared.", type: dict, returned: success}
  sample:
    - name: api
      place: netns:api
      networks:
        - {name: web, interface_name: eth0, host_interface_name: cn-cb07bb941778, ipv4_address: 10.20.0.10, mac_address: "02:11:22:33:44:55"}
      ports: ["8080:80/tcp"]
      labels: {team: shop}
links:
  description: The declared wires and tunnels with every derived value, without what O(skip_unsupported) left out.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: Name of the link., type: str, returned: success}
    ends:
      description: The two ends of a wire, or the one of a tunnel.
      returned: success
      type: list
      elements: dict
      contains:
        endpoint: {description: Endpoint that the end is an interface of., type: str, returned: if it is in an endpoint}
        network: {description: Network that the end is a port of., type: str, returned: if it is a port of a network}
        host: {description: "V(true), for it is an interface of the host.", type: bool, returned: if it is on the host}
        interface_name: {description: Name of the interface., type: str, returned: success}
        mac_address: {description: MAC address of the interface., type: str, returned: if it is no port}
        addresses: {description: "Addresses of the interface, with prefix length.", type: list, elements: str, returned: if it is no port}
  sample:
    - name: direct
      ends:
        - {endpoint: left, interface_name: eth1, mac_address: "02:60:f8:ea:f7:51", addresses: [10.9.0.1/30]}
        - {endpoint: right, interface_name: eth1, mac_address: "02:2c:7d:62:ac:dd", addresses: [10.9.0.2/30]}
confirm_before:
  description:
    - The moment by which the change has to be confirmed, by the host's clock in UTC. Null where nothing waits for a confirmation.
  returned: success
  type: str
  sample: "2026-05-04T10:11:12Z"
persisted:
  description: Whether the declaration is kept on the host, so that it can be brought back when the host starts.
  returned: success
  type: bool
statistics:
  description:
    - What the run cost. C(netlink_changes) counts the messages that change something, C(firewall_restores) the runs of the firewall tool,
      C(seconds) the time from reading to verifying without Ansible's own.
  returned: success
  type: dict
  sample: {netlink_changes: 20, firewall_restores: 2, seconds: 0.09}
"""

import os
from typing import Any, Dict, List

from ansible_collections.netloom.container_net.plugins.module_utils._ansible.run import (
    BACKEND_OPTION,
    DIFF_OPTION,
    LOCK_OPTION,
    STATE_OPTION,
    create_module,
    run_request,
)
from ansible_collections.netloom.container_net.plugins.module_utils._document.living import Declared
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Outcome, Request
from ansible_collections.netloom.container_net.plugins.module_utils._engine.topology import DEFAULTS, topology_request
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.session import read_ssh_connection
from ansible_collections.netloom.container_net.plugins.module_utils._report.standing import describe_standing
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.tool import run_system_tool


def main() -> None:
    module = create_module(
        {
            "scope": {"type": "str", "default": DEFAULTS["scope"]},
            "networks": {"type": "raw"},
            "endpoints": {"type": "raw"},
            "links": {"type": "raw"},
            "policies": {"type": "raw"},
            "overlays": {"type": "dict"},
            "allow_management": {"type": "bool", "default": DEFAULTS["allow_management"]},
            "wait_timeout": {"type": "float", "default": DEFAULTS["wait_timeout"]},
            "confirm_timeout": {"type": "int", "default": DEFAULTS["confirm_timeout"]},
            "skip_unsupported": {"type": "bool", "default": DEFAULTS["skip_unsupported"]},
            "allow_empty": {"type": "bool", "default": DEFAULTS["allow_empty"]},
            "persist": {"type": "bool", "default": DEFAULTS["persist"]},
            **STATE_OPTION,
            **BACKEND_OPTION,
            **DIFF_OPTION,
            **LOCK_OPTION,
        }
    )
    declarations: List[Declared] = []

    def prepare() -> Request:
        connection = read_ssh_connection(os.environ)
        request, declared = topology_request(module.params, run=run_system_tool, check_mode=module.check_mode, connection=connection)
        declarations.append(declared)
        return request

    def describe(outcome: Outcome) -> Dict[str, Any]:
        (declared,) = declarations
        persisted = module.params["persist"] and module.params["state"] == "present"
        told = {"differences": list(outcome.words), "confirm_before": outcome.confirm_before, "persisted": persisted}
        return {**describe_standing(declared, outcome.left_links), **told}

    run_request(module, prepare, describe)


if __name__ == "__main__":
    main()
