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
  - Addresses that are new on a bridge which is not ours are asked for on its segment first; one that somebody answers for is refused.
options:
  scope:
    description:
      - Name of this declaration. Removal never reaches outside its scope, so several declarations can share a host.
      - One to 63 characters of A-Z a-z 0-9 _ . -, a letter or digit first.
    type: str
    default: main
  networks:
    description:
      - List of networks. Types are checked before any conversion, so quote what YAML would read as a number.
      - "Every network: V(name) (required), V(driver) (V(bridge) or V(overlay), default V(bridge)), V(ipam_config) (list of maps with V(subnet), V(gateway),
        V(ip_range) and V(aux_addresses)), V(enable_ipv6) (adds a private /64 derived from the name where no IPv6 subnet is given), V(mtu) (bytes),
        V(labels), V(state) (V(present) or V(absent))."
      - "A bridge also takes: V(bridge_name) (default br- and the name), V(mac_address), V(internal) (no way in or out, default false), V(masquerade)
        (default true),
        V(snat_address) (fixed source address instead of masquerading), V(enable_icc) (endpoints reach each other, default true), V(gateway_on_host)
          (default true),
        V(hairpin) (port flag, default false), V(host_access) (V(none), V(established), V(all) or a list such as V(53/udp); default V(established)),
        V(trusted_interfaces) (may reach endpoints directly). Its default MTU is that of the interface with the default route, else 1500."
      - "An overlay also takes: V(vni) (1 to 16777215), V(udp_port) (default 4789), V(vtep_address) (this host's underlay address), V(underlay_interface),
        V(peers) (list of V(host), V(vtep)), V(remote_endpoints) (list of V(name), V(mac), V(vtep), V(addresses)), V(bridge_name), V(vxlan_name).
        Its default MTU is that of the underlay less 50 bytes (IPv4 underlay) or 70 (IPv6 underlay)."
    type: raw
  endpoints:
    description:
      - List of endpoints. An endpoint is a container or network namespace attached to networks.
      - "Each takes: V(name) (required), V(container) (required; V(netns) with the name of a network namespace, made if it does not exist,
        or V(path) with the absolute path of a namespace file), V(networks), V(ports), V(sysctls) (of the whole namespace), V(labels), V(state)."
      - "V(networks) is a list of names or of maps with V(name), V(ipv4_address), V(ipv6_address), V(mac_address), V(interface_name) (default eth0,
        eth1, ... in order),
        V(host_interface_name), V(ipam) (V(allocate) or V(none)), V(aliases), V(gw_priority) (the highest gives the default route, default 0),
        V(sysctls) (V(IFNAME) in a key stands for the interface). Addresses not given are allocated from the subnet, the same for the same names."
      - "V(ports) is a list of strings V([host_ip:]published[-end]:target[-end][/protocol]) or of maps with V(published), V(target), V(protocol)
        (V(tcp), V(udp), V(sctp)),
        V(host_ip), V(allowed_sources). Quote the strings."
    type: raw
  overlays:
    description:
      - Peers and endpoints of each overlay on the whole fleet, as returned by M(netloom.container_net.fleet_plan). Rows of this host are left out.
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
      - V(iptables) uses C(iptables-restore --noflush) and its IPv6 twin, V(none) installs no rules, V(auto) is V(iptables) and an error where the
        tools are missing.
      - With V(none) there is no NAT, no published port and no isolation between networks.
    type: str
    choices: [auto, iptables, none]
    default: auto
  lock_timeout:
    description: Seconds to wait for another run on the same host to end.
    type: float
    default: 60.0
  allow_management:
    description: Allow a subnet that covers the address this host is managed from, and publishing the SSH port.
    type: bool
    default: false
extends_documentation_fragment:
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
seealso:
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
endpoints:
  description: The declared endpoints with every allocated value.
  returned: success
  type: list
  elements: dict
  sample:
    - name: api
      place: netns:api
      networks:
        - {name: web, interface_name: eth0, host_interface_name: ve-cb07bb941778, ipv4_address: 10.20.0.10, mac_address: "02:11:22:33:44:55"}
      ports: ["8080:80/tcp"]
statistics:
  description:
    - What the run cost. C(netlink_changes) counts the messages that change something, C(firewall_restores) the runs of the firewall tool,
      C(seconds) the time from reading to verifying without Ansible's own.
  returned: success
  type: dict
  sample: {netlink_changes: 20, firewall_restores: 2, seconds: 0.09}
"""

from typing import Any, Dict

from ansible_collections.netloom.container_net.plugins.module_utils._ansible.engine import Outcome, Request
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.run import (
    BACKEND_OPTION,
    LOCK_OPTION,
    STATE_OPTION,
    command_runner,
    create_module,
    find_backend,
    run_request,
)
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.topology import build_declaration, describe_endpoints, read_declaration


def main() -> None:
    module = create_module(
        {
            "scope": {"type": "str", "default": "main"},
            "networks": {"type": "raw"},
            "endpoints": {"type": "raw"},
            "overlays": {"type": "dict"},
            "allow_management": {"type": "bool", "default": False},
            **STATE_OPTION,
            **BACKEND_OPTION,
            **LOCK_OPTION,
        }
    )
    options = module.params
    declaration: Dict[str, Any] = {}

    def prepare() -> Request:
        absent = options["state"] == "absent"
        networks, endpoints = (None, None) if absent else (options["networks"], options["endpoints"])
        document = read_declaration(options["scope"], networks, endpoints, options["overlays"])
        declaration["endpoints"] = describe_endpoints(document)
        backend = find_backend(options["firewall_backend"])
        return Request(
            scope=document.scope,
            build=build_declaration(document, allow_management=options["allow_management"]),
            backend=backend,
            run=command_runner(module),
            check_mode=module.check_mode,
            prune=True,
            lock_timeout=options["lock_timeout"],
        )

    def describe(_outcome: Outcome) -> Dict[str, Any]:
        return declaration

    run_request(module, prepare, describe)


if __name__ == "__main__":
    main()
