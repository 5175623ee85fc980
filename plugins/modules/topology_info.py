#!/usr/bin/python
# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: topology_info
short_description: Report a host's container networks as the kernel has them
version_added: 1.0.0
description:
  - Reads the host, all named network namespaces and the firewall, and returns networks, endpoints, published ports and namespaces.
  - Tells which host interface belongs to which container, on which bridge, with which addresses and ports.
  - Only what this collection made is reported, found by its marks; no state file is read.
options:
  scope:
    description: Report only this scope. Default is all.
    type: str
  networks:
    description: Report only networks of these names in RV(networks). Default is all.
    type: list
    elements: str
  namespaces:
    description: Absolute paths of further namespace files to read, the same as O(containers) with C(path).
    type: list
    elements: str
  containers:
    description:
      - Containers to look into, as the declaration names them. Without it, of a container that is no named namespace only the host side is told, and what is
        inside is null.
      - One that does not run is no error; RV(containers) says of each whether it was read.
    type: list
    elements: dict
    suboptions:
      docker:
        description: Name or full id of a container of the Docker Engine.
        type: str
      podman:
        description: Name or full id of a container of Podman.
        type: str
      docker_label:
        description: Labels, such as C(app=web,tier=front), all of which exactly one running container of the Docker Engine has.
        type: str
      podman_label:
        description: Labels, such as C(app=web,tier=front), all of which exactly one running container of Podman has.
        type: str
      docker_name:
        description: Pattern, such as C(shop-*), that the name of exactly one running container of the Docker Engine fits.
        type: str
      podman_name:
        description: Pattern, such as C(shop-*), that the name of exactly one running container of Podman fits.
        type: str
      machine:
        description: Name of a machine of systemd-machined.
        type: str
      path:
        description: Absolute path of a namespace file.
        type: str
      pid:
        description: Number of a process whose network namespace it is.
        type: int
      netns:
        description: Name of a network namespace. Named ones are read in any case; asked for, one that is missing is told of.
        type: str
  firewall_backend:
    description: Where published ports are read from, V(iptables) and V(nftables) both from either. V(none) reports no ports.
    type: str
    choices: [auto, iptables, nftables, none]
    default: auto
  declaration:
    description:
      - What should stand. RV(drift) then tells each difference of this host to it, as check mode of M(netloom.container_net.topology) would, and networks
        and endpoints that stand are told with the labels they are declared with.
      - The options of that module, with its rules. Of a fleet it is the host's part of the plan; see the examples.
    type: dict
    suboptions:
      scope:
        description: Name of the declaration.
        type: str
        default: main
      networks:
        description: See O(netloom.container_net.topology#module:networks).
        type: raw
      endpoints:
        description: See O(netloom.container_net.topology#module:endpoints).
        type: raw
      links:
        description: See O(netloom.container_net.topology#module:links).
        type: raw
      policies:
        description: See O(netloom.container_net.topology#module:policies).
        type: raw
      overlays:
        description: See O(netloom.container_net.topology#module:overlays).
        type: dict
      skip_unsupported:
        description: See O(netloom.container_net.topology#module:skip_unsupported).
        type: bool
        default: false
extends_documentation_fragment:
  - netloom.container_net.attributes
  - netloom.container_net.attributes.info_module
  - netloom.container_net.pyroute2
notes:
  - Needs root on the host.
seealso:
  - module: netloom.container_net.topology
  - plugin: netloom.container_net.netquery
    plugin_type: filter
author:
  - The netloom.container_net authors (@netloom)
"""

EXAMPLES = r"""
- name: Read everything
  netloom.container_net.topology_info:
  register: live

- name: Which container is behind cn-cb07bb941778?
  ansible.builtin.debug:
    msg: "{{ live.endpoints | selectattr('interfaces.0.host_interface', '==', 'cn-cb07bb941778') | map(attribute='name') | first }}"

- name: Look into two containers as well, whether or not they run
  netloom.container_net.topology_info:
    containers:
      - {docker: shop}
      - {podman: queue}

- name: Tell where each host of a fleet differs from its part of the plan
  netloom.container_net.topology_info:
    declaration: "{{ fleet_plan.hosts[inventory_hostname] | combine({'overlays': fleet_plan.overlays}) }}"
  register: live
  failed_when: not live.drift.in_order

- name: All addresses on network web, by JMESPath
  ansible.builtin.debug:
    msg: "{{ live | netloom.container_net.netquery('networks[?name==`web`].endpoints[].addresses[]') }}"
"""

RETURN = r"""
networks:
  description: Networks with their endpoints, sorted by scope and name.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: Name of the network., type: str, returned: success}
    scope: {description: The declaration it belongs to., type: str, returned: success}
    labels: {description: "The labels it is declared with.", type: dict, returned: "with O(declaration), of its scope", sample: {team: shop}}
    driver: {description: "V(bridge), V(overlay), V(macvlan), V(ipvlan) or V(routed), told by the links that stand.", type: str, returned: success}
    bridge: {description: The Linux bridge., type: str, returned: for bridges and overlays}
    ours: {description: Whether this collection made the bridge. If not it will never delete it., type: bool, returned: for bridges and overlays}
    mtu: {description: MTU in bytes., type: int, returned: for bridges and overlays}
    mac: {description: MAC address of the bridge., type: str, returned: for bridges and overlays}
    up: {description: Whether the bridge is raised., type: bool, returned: for bridges and overlays}
    parent: {description: The link that the endpoints stand on., type: str, returned: for macvlan and ipvlan}
    mode: {description: Their mode., type: str, returned: for macvlan and ipvlan}
    host_interface: {description: "The host's own link on the parent, where V(host_access) is true, else null.", type: str, returned: for macvlan and ipvlan}
    addresses: {description: "The host's addresses on the bridge, or on its own link on the parent.", type: list, elements: str, returned: if it has a link}
    vxlan:
      description: The tunnels of an overlay.
      type: dict
      returned: for overlays
      contains:
        device: {description: The VXLAN device., type: str, returned: success}
        vni: {description: Number of the network in its tunnels., type: int, returned: success}
        udp_port: {description: UDP port of the tunnels., type: int, returned: success}
        vtep_address: {description: "This host's address on the network between the hosts.", type: str, returned: success}
        peers: {description: Addresses of the other hosts., type: list, elements: str, returned: success}
        remote_endpoints:
          description: The endpoints on other hosts.
          type: list
          elements: dict
          returned: success
          contains:
            mac: {description: MAC address of the endpoint., type: str, returned: success}
            vtep: {description: Address of its host on the network between the hosts., type: str, returned: success}
            addresses: {description: Addresses of the endpoint., type: list, elements: str, returned: success}
    endpoints:
      description: Who is attached. What is inside is null where it could not be read.
      type: list
      elements: dict
      returned: success
      contains:
        name: {description: Name of the endpoint., type: str, returned: success}
        container: {description: "Where it lives, such as C(netns:api).", type: str, returned: success}
        interface: {description: Name of the interface inside., type: str, returned: success}
        host_interface: {description: "Name of the host's end, null where there is none.", type: str, returned: success}
        bridge: {description: "The bridge that the host's end is a port of.", type: str, returned: success}
        mtu: {description: MTU in bytes., type: int, returned: success}
        mac: {description: MAC address of the interface inside., type: str, returned: success}
        up: {description: Whether the interface inside is raised., type: bool, returned: success}
        addresses: {description: "Addresses of the interface inside, with prefix length.", type: list, elements: str, returned: success}
        default_route: {description: Gateways of the default routes by it., type: list, elements: str, returned: success}
        ingress_rate: {description: "How fast frames may come to the endpoint, such as 100mbit; null without a limit.", type: str, returned: success}
        ingress_burst: {description: "What may come at once, such as 64kib.", type: str, returned: success}
        egress_rate: {description: "How fast frames may leave it.", type: str, returned: success}
        egress_burst: {description: "What may leave at once.", type: str, returned: success}
        netem: {description: "What becomes of what leaves it, such as C(delay: 20ms); null where nothing does.", type: dict, returned: success}
        parent: {description: The link of the host that the interface stands on., type: str, returned: for macvlan and ipvlan}
        mode: {description: Its mode., type: str, returned: for macvlan and ipvlan}
  sample:
    - name: web
      scope: main
      driver: bridge
      bridge: br-web
      ours: true
      mtu: 1500
      mac: "02:37:3a:55:29:80"
      up: true
      addresses: [10.20.0.1/24]
      endpoints:
        - name: api
          container: netns:api
          interface: eth0
          host_interface: cn-cb07bb941778
          bridge: br-web
          mtu: 1500
          mac: "02:7b:42:f3:3b:f8"
          up: true
          addresses: [10.20.0.10/24]
          default_route: [10.20.0.1]
endpoints:
  description:
    - The same by endpoint, with its published ports.
    - C(routes) and C(rules) are what this collection put into its namespace, source routing included.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: "Name of the endpoint.", type: str, returned: success}
    scope: {description: "The declaration it belongs to.", type: str, returned: success}
    labels: {description: "The labels it is declared with.", type: dict, returned: "with O(declaration), of its scope", sample: {team: shop}}
    interfaces:
      description: Its places on networks. What is inside is null where it could not be read.
      type: list
      elements: dict
      returned: success
      contains:
        network: {description: "Name of the network.", type: str, returned: success}
        container: {description: "Where it lives, such as C(netns:api).", type: str, returned: success}
        interface: {description: Name of the interface inside., type: str, returned: success}
        host_interface: {description: "Name of the host's end, null where there is none.", type: str, returned: success}
        bridge: {description: "The bridge that the host's end is a port of.", type: str, returned: success}
        mtu: {description: MTU in bytes., type: int, returned: success}
        mac: {description: MAC address of the interface inside., type: str, returned: success}
        up: {description: Whether the interface inside is raised., type: bool, returned: success}
        addresses: {description: "Addresses of the interface inside, with prefix length.", type: list, elements: str, returned: success}
        default_route: {description: Gateways of the default routes by it., type: list, elements: str, returned: success}
        ingress_rate: {description: "How fast frames may come to the endpoint, such as 100mbit; null without a limit.", type: str, returned: success}
        ingress_burst: {description: "What may come at once, such as 64kib.", type: str, returned: success}
        egress_rate: {description: "How fast frames may leave it.", type: str, returned: success}
        egress_burst: {description: "What may leave at once.", type: str, returned: success}
        netem: {description: "What becomes of what leaves it, such as C(delay: 20ms); null where nothing does.", type: dict, returned: success}
        parent: {description: The link of the host that the interface stands on., type: str, returned: for macvlan and ipvlan}
        mode: {description: Its mode., type: str, returned: for macvlan and ipvlan}
    ports:
      description: Its published ports.
      type: list
      elements: dict
      returned: success
      contains:
        scope: {description: "The declaration it belongs to.", type: str, returned: success}
        endpoint: {description: "Name of the endpoint.", type: str, returned: success}
        protocol: {description: "V(tcp), V(udp) or V(sctp).", type: str, returned: success}
        host_ip: {description: "Address of the host at which it is published, null for all.", type: str, returned: success}
        published: {description: "Port or range of the host, null where it is opened at the endpoint's own addresses.", type: str, returned: success}
        target: {description: "Port or range inside.", type: str, returned: success}
        addresses: {description: "Addresses of the endpoint.", type: list, elements: str, returned: success}
        allowed_sources: {description: "Who may use it, empty for everybody.", type: list, elements: str, returned: success}
    routes:
      description: Routes that this collection put there.
      type: list
      elements: dict
      returned: success
      contains:
        destination: {description: "Subnet that it leads to.", type: str, returned: success}
        type: {description: "V(unicast), V(blackhole), V(unreachable) or V(prohibit).", type: str, returned: success}
        gateway: {description: "Address of the router, or null.", type: str, returned: success}
        interface: {description: "Interface by which it leaves, or null.", type: str, returned: success}
        metric: {description: "Its metric.", type: int, returned: success}
        table: {description: "Its routing table.", type: int, returned: success}
        src: {description: "Preferred source address, or null.", type: str, returned: success}
        onlink: {description: "Whether the gateway is a neighbour although no subnet holds it.", type: bool, returned: success}
        nexthops:
          description: Next hops that share the packets.
          type: list
          elements: dict
          returned: success
          contains:
            gateway: {description: "Address of the router, or null.", type: str, returned: success}
            interface: {description: "Interface by which it leaves.", type: str, returned: success}
            weight: {description: "Its share.", type: int, returned: success}
    rules:
      description: Rules of policy routing that this collection put there.
      type: list
      elements: dict
      returned: success
      contains:
        from: {description: "Source of the packets.", type: str, returned: success}
        to: {description: "Their destination, or null.", type: str, returned: success}
        iif: {description: "Interface that they come in by, or null.", type: str, returned: success}
        oif: {description: "Interface that their sockets are bound to, or null.", type: str, returned: success}
        fwmark: {description: "Their mark, or null.", type: str, returned: success}
        table: {description: "Routing table that they ask.", type: int, returned: success}
        priority: {description: "Its priority.", type: int, returned: success}
  sample:
    - name: api
      scope: main
      interfaces: [{network: web, interface: eth0, host_interface: cn-cb07bb941778, addresses: [10.20.0.10/24]}]
      ports:
        - {scope: main, endpoint: api, protocol: tcp, host_ip: null, published: "8080", target: "80", addresses: [10.20.0.10], allowed_sources: []}
      routes:
        - {destination: 0.0.0.0/0, type: unicast, gateway: 10.20.0.1, interface: eth0, metric: 0, table: 254, src: null, onlink: false, nexthops: []}
      rules: [{from: 0.0.0.0/0, to: null, iif: null, oif: null, fwmark: 0x1/0xff, table: 100, priority: 7}]
ports:
  description:
    - All published ports as the firewall holds them, one row for each publication, with both IP versions, all its sources and a range as a whole.
    - C(published) is null for ports that an endpoint of a routed network opens at its own addresses.
  returned: success
  type: list
  elements: dict
  contains:
    scope: {description: "The declaration it belongs to.", type: str, returned: success}
    endpoint: {description: "Name of the endpoint.", type: str, returned: success}
    protocol: {description: "V(tcp), V(udp) or V(sctp).", type: str, returned: success}
    host_ip: {description: "Address of the host at which it is published, null for all.", type: str, returned: success}
    published: {description: "Port or range of the host, null where it is opened at the endpoint's own addresses.", type: str, returned: success}
    target: {description: "Port or range inside.", type: str, returned: success}
    addresses: {description: "Addresses of the endpoint.", type: list, elements: str, returned: success}
    allowed_sources: {description: "Who may use it, empty for everybody.", type: list, elements: str, returned: success}
  sample:
    - {scope: main, endpoint: api, protocol: tcp, host_ip: null, published: "8080", target: "80", addresses: [10.20.0.10], allowed_sources: []}
policies:
  description:
    - Policies as the firewall holds them, in their order. Whom they name is told by addresses, and by the host's links of networks that are named whole.
      An empty list is anybody, or every protocol.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: "Name of the policy.", type: str, returned: success}
    scope: {description: "The declaration it belongs to.", type: str, returned: success}
    action: {description: "V(allow) or V(deny).", type: str, returned: success}
    log: {description: "Whether the kernel's log gets lines.", type: bool, returned: success}
    from: {description: "Who begins the connection.", type: list, elements: str, returned: success}
    to: {description: "Whom it is to.", type: list, elements: str, returned: success}
    ports: {description: "Ports with their protocol.", type: list, elements: str, returned: success}
  sample:
    - {name: front-to-db, scope: main, action: allow, log: false, from: [10.20.0.10, 10.20.0.11], to: [10.22.0.10], ports: [5432/tcp]}
links:
  description: Wires and tunnels, with those of their ends that could be read.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: "Name of the link.", type: str, returned: success}
    scope: {description: "The declaration it belongs to.", type: str, returned: success}
    ends:
      description: Its ends.
      type: list
      elements: dict
      returned: success
      contains:
        container: {description: "Where the interface lives, such as C(netns:api), null on the host.", type: str, returned: success}
        interface: {description: "Name of the interface.", type: str, returned: success}
        bridge: {description: "Bridge that it is a port of, or null.", type: str, returned: success}
        mtu: {description: "MTU in bytes.", type: int, returned: success}
        mac: {description: "MAC address.", type: str, returned: success}
        up: {description: "Whether it is raised.", type: bool, returned: success}
        addresses: {description: "Addresses, with prefix length.", type: list, elements: str, returned: success}
    tunnel:
      description: Where it leads, null for a wire.
      type: dict
      returned: success
      contains:
        vni: {description: "Number of the tunnel.", type: int, returned: success}
        remote: {description: "Address of the other host.", type: str, returned: success}
        local: {description: "This host's address.", type: str, returned: success}
        udp_port: {description: "UDP port of the tunnel.", type: int, returned: success}
  sample:
    - name: direct
      scope: main
      ends:
        - {container: "netns:left", interface: eth1, bridge: null, mtu: 1500, mac: "02:60:f8:ea:f7:51", up: true, addresses: [10.9.0.1/30]}
        - {container: "netns:right", interface: eth1, bridge: null, mtu: 1500, mac: "02:2c:7d:62:ac:dd", up: true, addresses: [10.9.0.2/30]}
      tunnel: null
devices:
  description: Links of the host that containers have at present, by the name they have on the host.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: "Name that the link has on the host.", type: str, returned: success}
    scope: {description: "The declaration it belongs to.", type: str, returned: success}
    endpoint: {description: "Endpoint that has it.", type: str, returned: success}
    container: {description: "Where the interface lives, such as C(netns:api), null on the host.", type: str, returned: success}
    interface: {description: "Name of the interface.", type: str, returned: success}
    bridge: {description: "Bridge that it is a port of, or null.", type: str, returned: success}
    mtu: {description: "MTU in bytes.", type: int, returned: success}
    mac: {description: "MAC address.", type: str, returned: success}
    up: {description: "Whether it is raised.", type: bool, returned: success}
    addresses: {description: "Addresses, with prefix length.", type: list, elements: str, returned: success}
  sample:
    - name: eth2
      scope: main
      endpoint: firewall
      container: netns:firewall
      interface: wan
      bridge: null
      mtu: 1500
      mac: "52:54:00:12:34:56"
      up: true
      addresses: [203.0.113.2/24]
containers:
  description:
    - Each of O(namespaces) and O(containers), as C(docker:NAME), C(podman:NAME), C(docker_label:LABELS), C(podman_label:LABELS),
      C(docker_name:PATTERN), C(podman_name:PATTERN), C(machine:NAME), C(path:FILE), C(pid:NUMBER) or C(netns:NAME).
    - C(state) is V(read), V(not running) (there is no such container, process, file or name), or V(refused) (it cannot be attached, such as one with the
      host's own network). C(reason) says why it was not read.
    - C(read_as) is what other entries call it, which is another name where two name one namespace.
    - C(routes) and C(rules) are what this collection put into it.
  returned: success
  type: list
  elements: dict
  contains:
    container: {description: "What was asked for.", type: str, returned: success}
    state: {description: "V(read), V(not running) or V(refused).", type: str, returned: success}
    reason: {description: "Why it was not read, or null.", type: str, returned: success}
    read_as: {description: "What other entries call it, null where it was not read.", type: str, returned: success}
    routes:
      description: Routes that this collection put there.
      type: list
      elements: dict
      returned: success
      contains:
        destination: {description: "Subnet that it leads to.", type: str, returned: success}
        type: {description: "V(unicast), V(blackhole), V(unreachable) or V(prohibit).", type: str, returned: success}
        gateway: {description: "Address of the router, or null.", type: str, returned: success}
        interface: {description: "Interface by which it leaves, or null.", type: str, returned: success}
        metric: {description: "Its metric.", type: int, returned: success}
        table: {description: "Its routing table.", type: int, returned: success}
        src: {description: "Preferred source address, or null.", type: str, returned: success}
        onlink: {description: "Whether the gateway is a neighbour although no subnet holds it.", type: bool, returned: success}
        nexthops:
          description: Next hops that share the packets.
          type: list
          elements: dict
          returned: success
          contains:
            gateway: {description: "Address of the router, or null.", type: str, returned: success}
            interface: {description: "Interface by which it leaves.", type: str, returned: success}
            weight: {description: "Its share.", type: int, returned: success}
    rules:
      description: Rules of policy routing that this collection put there.
      type: list
      elements: dict
      returned: success
      contains:
        from: {description: "Source of the packets.", type: str, returned: success}
        to: {description: "Their destination, or null.", type: str, returned: success}
        iif: {description: "Interface that they come in by, or null.", type: str, returned: success}
        oif: {description: "Interface that their sockets are bound to, or null.", type: str, returned: success}
        fwmark: {description: "Their mark, or null.", type: str, returned: success}
        table: {description: "Routing table that they ask.", type: int, returned: success}
        priority: {description: "Its priority.", type: int, returned: success}
  sample:
    - {container: "docker:shop", state: read, reason: null, read_as: "docker:shop", routes: [], rules: []}
    - {container: "docker:queue", state: not running, reason: "docker container 'queue' is exited, not running; start it, then run again", read_as: null,
       routes: [], rules: []}
drift:
  description:
    - How this host differs from O(declaration).
    - C(summary) is V(in order), or the number of things of the declaration that differ. C(differences) tells each of these in the declaration's words, as
      check mode does.
    - C(rows) has one entry for each object that is missing (C(declared) is V(present)) or too many (C(found) is V(present)), for each value that is another,
      and for each firewall rule. C(item) is the thing of the declaration it belongs to.
  returned: when O(declaration) is given
  type: dict
  sample:
    in_order: false
    summary: 2 differences
    differences:
      - "~ network web: mtu 1400 → 1500"
      - "~ container shop on web: + address 10.20.0.10/24"
    rows:
      - {item: network web, object: bridge br-web, attribute: mtu, declared: 1500, found: 1400}
      - {item: container shop on web, object: address 10.20.0.10/24 on eth0 in shop, attribute: null, declared: present, found: null}
namespaces:
  description: All named namespaces, with the scope that made them or null.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: "Name of the namespace.", type: str, returned: success}
    path: {description: "File of the namespace.", type: str, returned: success}
    scope: {description: "The declaration that made it, or null.", type: str, returned: success}
  sample: [{name: api, path: /run/netns/api, scope: main}]
"""

from typing import Any, Dict, List

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.run import BACKEND_OPTION, create_module, guard
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.table import select_backend
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.tables import list_tables
from ansible_collections.netloom.container_net.plugins.module_utils._model.place import KINDS, PROCESS
from ansible_collections.netloom.container_net.plugins.module_utils._report.info import Report, select_networks
from ansible_collections.netloom.container_net.plugins.module_utils._report.links import describe_devices, describe_links
from ansible_collections.netloom.container_net.plugins.module_utils._report.policies import describe_policies
from ansible_collections.netloom.container_net.plugins.module_utils._report.sight import describe_containers, observe_everything, read_places
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.tool import has_tool, run_system_tool

CONTAINER: Dict[str, Any] = {kind: {"type": "int" if kind == PROCESS else "str"} for kind in KINDS}
EXACTLY_ONE: Dict[str, Any] = {"required_one_of": [list(CONTAINER)], "mutually_exclusive": [list(CONTAINER)]}
DECLARATION: Dict[str, Any] = {
    "scope": {"type": "str", "default": "main"},
    "networks": {"type": "raw"},
    "endpoints": {"type": "raw"},
    "links": {"type": "raw"},
    "policies": {"type": "raw"},
    "overlays": {"type": "dict"},
    "skip_unsupported": {"type": "bool", "default": False},
}


def main() -> None:
    module = create_module(
        {
            "scope": {"type": "str"},
            "networks": {"type": "list", "elements": "str"},
            "namespaces": {"type": "list", "elements": "str"},
            "containers": {"type": "list", "elements": "dict", "options": CONTAINER, **EXACTLY_ONE},
            "declaration": {"type": "dict", "options": DECLARATION},
            **BACKEND_OPTION,
        }
    )

    def read() -> Dict[str, Any]:
        options = module.params
        places = read_places(options["namespaces"] or (), options["containers"] or ())
        sight = observe_everything(places, select_backend(options["firewall_backend"], has_tool, list_tables), run_system_tool)
        report = Report(sight.snapshot, options["scope"])
        networks, endpoints = report.networks(), report.endpoints()
        drift = {} if options["declaration"] is None else {"drift": compare_with(module, options["declaration"], networks, endpoints)}
        return {
            "changed": False,
            **drift,
            "networks": select_networks(networks, options["networks"]),
            "endpoints": endpoints,
            "ports": report.ports(),
            "policies": describe_policies(sight.snapshot, options["scope"]),
            "containers": describe_containers(sight),
            "namespaces": report.namespaces(),
            "links": describe_links(sight.snapshot, options["scope"]),
            "devices": describe_devices(sight.snapshot, options["scope"]),
        }

    guard(module, read)


def compare_with(module: AnsibleModule, declaration: Dict[str, Any], networks: List[Dict[str, Any]], endpoints: List[Dict[str, Any]]) -> Dict[str, Any]:
    """Return where the host differs, and give what stands the labels it is declared with; nothing is changed, so nothing of the host needs to be allowed."""
    # Only who asks for it pays for the planner.
    from ansible_collections.netloom.container_net.plugins.module_utils._engine.pipeline import converge
    from ansible_collections.netloom.container_net.plugins.module_utils._engine.topology import topology_request
    from ansible_collections.netloom.container_net.plugins.module_utils._report.drift import describe_drift
    from ansible_collections.netloom.container_net.plugins.module_utils._report.labels import add_labels

    allowed = {"allow_management": True, "allow_empty": True, "firewall_backend": module.params["firewall_backend"]}
    request, declared = topology_request({**declaration, **allowed}, run=run_system_tool, check_mode=True, store_directory="")
    outcome = converge(request)
    add_labels(networks, declared.document.networks, request.scope)
    add_labels(endpoints, declared.document.endpoints, request.scope)
    for warning in outcome.warnings:
        module.warn(warning)
    return describe_drift(request.scope, outcome.snapshot, outcome.desired, outcome.steps, outcome.words, outcome.show_rule)


if __name__ == "__main__":
    main()
