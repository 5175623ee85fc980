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
      - List of networks. Types are checked before any conversion, so quote what YAML would read as a number.
      - "Every network: V(name) (required), V(driver) (V(bridge), V(macvlan), V(ipvlan), V(routed) or V(overlay), default V(bridge)),
        V(ipam_config) (list of maps with V(subnet), V(gateway),
        V(ip_range) and V(aux_addresses)), V(enable_ipv6) (adds a private /64 derived from the name where no IPv6 subnet is given), V(mtu) (bytes),
        V(labels), V(state) (V(present) or V(absent))."
      - "A bridge also takes: V(bridge_name) (default br- and the name), V(mac_address), V(internal) (no way in or out, default false), V(masquerade)
        (default true),
        V(snat_address) (fixed source address instead of masquerading), V(snat_address_elsewhere)
        (it need not be an address of this host, default false), V(enable_icc) (endpoints reach each other, default true), V(gateway_on_host) (default true),
        V(hairpin) (port flag, default false), V(host_access) (V(none), V(established), V(all) or a list such as V(53/udp); default V(established)),
        V(trusted_interfaces) (may reach endpoints directly). Its default MTU is that of the interface with the default route, else 1500."
      - "An overlay also takes: V(vni) (1 to 16777215), V(udp_port) (default 4789), V(vtep_address) (this host's underlay address), V(underlay_interface),
        V(peers) (list of V(host), V(vtep), V(foreign)), V(remote_endpoints) (list of V(name), V(mac), V(vtep), V(addresses)), V(bridge_name), V(vxlan_name).
        A peer is V(foreign) (default true in this list) where this collection does not manage it: with one, ARP and neighbour discovery go through
        the tunnel instead of being answered on this host. Its default MTU is that of the underlay less 50 bytes (IPv4 underlay) or 70 (IPv6 underlay)."
      - "A macvlan network also takes: V(parent) (interface on the LAN, default the one with the default route; V(eth1.30) is VLAN 30 of eth1 and is made
        where it is missing), V(mode) (V(bridge), V(private), V(vepa) or V(passthru), default V(bridge)), V(internal) (no parent and no gateway,
        default false), V(host_access) (the host and its endpoints reach each other, default false), V(shim_name) (the host's link for that, default mv-
        and the name), V(broadcast_queue_length), V(broadcast_limit). Subnets get no gateway unless one is given. The default MTU is that of the parent."
      - "An ipvlan network also takes: V(parent), V(internal), V(mode) (V(l2), V(l3) or V(l3s), default V(l2)), V(flag) (V(bridge), V(private) or V(vepa),
        default V(bridge)). Its endpoints have the MAC of the parent."
      - "A routed network also takes: V(reach) (subnets of the whole network, default this host's own), V(peers) (list of V(host), V(next_hops),
        V(subnets)), V(proxy_interfaces) (where the host answers ARP and neighbour discovery for its endpoints), V(internal). V(ipam_config) is
        this host's part and takes no gateway."
      - "Only for a fleet's plan: V(on_every_host) (also where nothing uses the network, default false), and of a routed network V(host_prefix),
        V(host_subnets)."
      - "A bridge can also have ports and options of its own: V(interfaces) (links of the host that become ports; their addresses and routes move to
        the bridge and come back on removal; V(gateway_on_host) is then V(false) by default, and the host neither routes nor filters the segment),
        V(stp), V(priority) (0 to 65535), V(ageing_time) (seconds), V(multicast_snooping), V(vlan_filtering), V(vrf) with V(vrf_table)."
    type: raw
  endpoints:
    description:
      - List of endpoints. An endpoint is a container or network namespace attached to networks.
      - "Each takes: V(name) (required), V(container) (required, see below), V(network_mode), V(networks), V(ports), V(sysctls) (of the whole namespace),
        V(source_routing), V(routes), V(labels), V(state)."
      - "V(container) has exactly one of: V(netns) (name of a network namespace, made if it does not exist), V(docker) or V(podman) (exact name or
        full id of a running container), V(path) (absolute path of a namespace file), V(pid) (number of a process, for single tasks: it changes with each
        start)."
      - "V(network_mode) has Compose's words: V(none) (no networks; what we had attached goes), V(host) (the host's own network, nothing is attached),
        V(container:ENDPOINT) (the namespace of another endpoint of this host). With V(host) and V(container:ENDPOINT), V(container) is optional; where it is
        given, the container is checked to share that namespace. None of them goes with networks, ports, devices or routes."
      - "V(networks) is a list of names or of maps with V(name), V(ipv4_address), V(ipv6_address), V(mac_address), V(interface_name) (default eth0,
        eth1, ... in order),
        V(host_interface_name), V(ipam) (V(allocate) or V(none)), V(aliases), V(gw_priority) (the highest gives the default route, default 0),
        V(default_route) (V(auto), V(true) or V(false), default V(auto): a default route by this network where nobody else gave the container one;
        V(true) goes before one that is there, which stays; V(false) never makes one), V(metric) (of that route, 0 to 4294967295; default the
        family's usual one, or what goes before others),
        V(vlan) and V(trunk) (the untagged VLAN and the tagged ones of the port, where the bridge has V(vlan_filtering)),
        V(sysctls) (V(IFNAME) in a key stands for the interface), V(routes), V(mtu) (bytes, of this one interface and the host's end of it, at most the
        network's, which is the default), V(isolated) (the port flag of this one attachment, on a network of driver V(bridge) or V(overlay); default
        V(true) where the network has V(enable_icc=false)), V(promisc) and V(allmulti) (which frames the container's interface takes in, default V(false)),
        V(txqueuelen) (packets that may wait to leave by it, 0 to 1000000, default 1000). An endpoint for which no address is
        given keeps the one it has, as long as that is in V(ip_range) and nobody else names it; a new one is given an address of the subnet by its name, the
        same on a host that has nothing yet. V(ipam) has no V(dhcp): nothing of this collection stays on a host to renew a lease."
      - "V(source_routing) (default V(true)) makes answers leave by the interface the question came in on, where several networks of the endpoint have a
        gateway in one family, or one has and another is a LAN; see R(the guide,ansible_collections.netloom.container_net.docsite.multi_homing)."
      - "V(routes) is a list of maps with V(destination) (a subnet, required), V(gateway), V(metric) (default 0) and V(type) (V(unicast), V(blackhole),
        V(unreachable) or V(prohibit); all but the first take no gateway). Below V(networks) a route leaves by that network, below the endpoint by the
        interface that reaches the gateway, or by V(interface)."
      - "V(ports) is a list of strings V([host_ip:]published[-end]:target[-end][/protocol]) or of maps with V(published), V(target), V(protocol)
        (V(tcp), V(udp), V(sctp)),
        V(host_ip), V(allowed_sources). Quote the strings."
      - "V(forwarding) makes the endpoint a router between its interfaces (default false). On a network with V(gateway_on_host=false) it may have the
        gateway's address. V(masquerade) is a list of its networks: what leaves towards them gets the router's own address (NAT inside the endpoint)."
      - "V(devices) is a list of links of the host that are handed to the endpoint and given back on removal, each with one of V(name), V(mac) and
        V(pci_address), and with V(interface_name) (default the next free ethN), V(addresses) (with prefix length), V(mtu). A link that is in use, or that
        carries the host's default route or the connection to it, is refused."
    type: raw
  links:
    description:
      - List of wires, beside the networks. A wire is a veth pair with two ends; a tunnel is a VXLAN device that ends in an endpoint.
      - "Each takes: V(name) (required), V(ends) (required), V(tunnel), V(mtu) (bytes; default the smallest of its networks, else 1500; of a tunnel the
        underlay's less 50 bytes over IPv4 or 70 over IPv6), V(state)."
      - "An end is an interface of an endpoint or a port of a network. It takes V(endpoint) or V(network) (driver V(bridge) or V(overlay)),
        V(interface_name) (default inside an endpoint the next free ethN, on the host a name of its own),
        and of an endpoint V(mac_address) and V(addresses) (list, with prefix length)."
      - "A wire between two networks makes them one layer 2: endpoints on one may have addresses and the gateway of the other. Networks that are joined
        in a ring are refused, unless each has V(stp)."
      - "V(tunnel) takes V(vni) and V(remote) (required), V(local) (default the address on the way to V(remote)), V(udp_port) (default 4789),
        V(underlay_interface). Such a link has one end. Only V(remote) may send into it. The other end is declared on the other host."
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
extends_documentation_fragment:
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
  sample:
    - name: api
      place: netns:api
      networks:
        - {name: web, interface_name: eth0, host_interface_name: cn-cb07bb941778, ipv4_address: 10.20.0.10, mac_address: "02:11:22:33:44:55"}
      ports: ["8080:80/tcp"]
links:
  description: The declared wires and tunnels with every derived value, without what O(skip_unsupported) left out.
  returned: success
  type: list
  elements: dict
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
            "overlays": {"type": "dict"},
            "allow_management": {"type": "bool", "default": DEFAULTS["allow_management"]},
            "wait_timeout": {"type": "float", "default": DEFAULTS["wait_timeout"]},
            "confirm_timeout": {"type": "int", "default": DEFAULTS["confirm_timeout"]},
            "skip_unsupported": {"type": "bool", "default": DEFAULTS["skip_unsupported"]},
            "allow_empty": {"type": "bool", "default": DEFAULTS["allow_empty"]},
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
        told = {"differences": list(outcome.words), "confirm_before": outcome.confirm_before}
        return {**describe_standing(declared, outcome.left_links), **told}

    run_request(module, prepare, describe)


if __name__ == "__main__":
    main()
