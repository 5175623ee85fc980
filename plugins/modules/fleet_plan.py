#!/usr/bin/python
# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_plan
short_description: Plan the container networks of a whole fleet
version_added: 1.0.0
author:
  - netloom.container_net authors (@netloom)
description:
  - Reads the declarations of every host of an inventory group, checks them together, and returns for each host the complete arguments
    of M(netloom.container_net.topology), with addresses, MACs, VNIs, tunnel addresses and peers filled in.
  - The fleet is the inventory group, never just the hosts of this run. A host that C(--limit) leaves out or that cannot be reached keeps its
    place in every other host's plan.
  - All problems of all hosts are reported at once, each with the variable path that caused it, and nothing is changed then.
  - Every declaration is read from the variables of the group's hosts, see the notes.
options:
  group:
    description:
      - The inventory group that is the fleet.
    type: str
    default: container_hosts
  scope:
    description:
      - The label that owns what this declaration makes, handed on to M(netloom.container_net.topology).
      - It is also part of what automatic VNIs and IPv6 subnets are derived from.
    type: str
    default: main
  lock_file:
    description:
      - A file on the controller that records what the plan chose and no variable says, that is allocated addresses, allocated VNIs,
        chosen ports of hosts and tunnel addresses taken from facts. An address then never moves because a neighbour came or went.
      - Keep it with the inventory and review it like other lock files. It is one YAML document in a stable order, replaced as a whole.
      - A relative path starts at the folder of the playbook, or at that of the inventory where the playbook is one of a collection.
      - In a folder that is an inventory, give it a name that Ansible does not parse as one, such as C(container_net.lock.txt).
      - An address or a port that is recorded twice, as after a merge of two branches, stays with the name that sorts first, and a
        warning says what the other has now.
      - Records of endpoints, networks and hosts that are no longer declared are dropped.
      - Each scope needs a file of its own.
      - Without this option, the variable C(fleet_lock_file) of the hosts names the file. It is read of every host of the group, in the play or not, and must
        lead to one path.
      - Without a lock file, addresses and VNIs are derived from names. They are the same in every run, unless two names want the same
        one, in which case the name that sorts first wins.
    type: str
  allow_empty:
    description:
      - Whether to go on where no host declares anything and the lock file has records, which would all be dropped.
    type: bool
    default: false
  variable_prefix:
    description:
      - What the variables of a host are called before C(_networks), C(_endpoints), C(_links), C(_policies), C(_vtep_address), C(_underlay_interface),
        C(_lock_file) and C(_state).
    type: str
    default: fleet
  probes:
    description:
      - Whether to return what M(netloom.container_net.probe) must find passing and refused on this fleet.
    type: bool
    default: false
extends_documentation_fragment:
  - netloom.container_net.attributes
attributes:
  check_mode:
    support: full
    details:
      - The lock file is not written, only its difference is returned.
  diff_mode:
    support: full
    details:
      - The difference is that of the lock file.
  idempotent:
    support: full
    details:
      - Only the lock file is ever changed.
  platform:
    description: Runs on the controller.
    platforms: posix
notes:
  - This is an action plugin. It runs on the controller, touches no host and opens no connection. Use it with C(run_once), once for the fleet.
  - For a host of the play count the variables that this task would see there, also those of the play, its files, roles, blocks and tasks, and facts that
    were set. For another host of the group count those of the inventory and C(-e); a warning says where this play says something else.
  - "C(fleet_state): a host where it is V(absent) declares nothing, and the others forget it."
  - "C(fleet_networks), C(fleet_endpoints): the lists of networks and endpoints of a host, as the options O(netloom.container_net.topology#module:networks)
    and O(netloom.container_net.topology#module:endpoints).
    C(fleet_networks) usually stands in the variables of the group, C(fleet_endpoints) in those of each host, with C(fleet_links), its
    wires and tunnels, as the option O(netloom.container_net.topology#module:links).
    A bridge network belongs to its host, so hosts may use the same name and subnet. An overlay is one network, so C(ipam_config),
    C(vni), C(udp_port) and C(mtu) must be the same on all its hosts, and endpoint names must be unique on it."
  - "C(fleet_policies): the policies of the whole fleet, as the option O(netloom.container_net.topology#module:policies). They are one list, the same for every
    host, and name endpoints, groups and networks of all of them."
  - "C(fleet_vtep_address): this host's address on the network between the hosts. Where it is missing, the lock file's record is used, else the
    address of the interface with the default route, if facts were gathered."
  - "C(fleet_underlay_interface): the interface that carries that address, handed on to overlays that do not name one."
  - "C(fleet_underlay_addresses): this host's addresses on the network between the hosts, at most one of each IP version, by which the others reach its
    part of a routed network. Where it is missing, C(fleet_vtep_address) serves, else the lock file's record, else the facts."
  - A network is made on the hosts that use it, where an endpoint, a link or another network that is used refers to it, by its name, by a link that it
    makes, or by its gateway's address. With V(on_every_host) it is made on every host that declares it. Its VNI, and the parts of hosts that do not use it,
    are kept all the same.
  - A routed network is one network as well. With V(host_prefix) or V(host_subnets) each host gets a part of C(ipam_config), which the lock file records.
  - Addresses are taken from the variables first, then from the lock file, then from free addresses of the network, beginning at a place
    derived from the names. VNIs follow the same order and automatic ones are 4096 or higher. So do ports of a host for publications
    that name none, from 49153 to 65535.
seealso:
  - module: netloom.container_net.topology
  - module: netloom.container_net.probe
"""

EXAMPLES = r"""
- name: Plan the fleet
  netloom.container_net.fleet_plan:
    lock_file: "{{ inventory_dir }}/container_net.lock.txt"
  register: plan
  run_once: true

- name: Apply the plan to this host
  netloom.container_net.topology:
    scope: "{{ plan.hosts[inventory_hostname].scope }}"
    networks: "{{ plan.hosts[inventory_hostname].networks }}"
    endpoints: "{{ plan.hosts[inventory_hostname].endpoints }}"
    overlays: "{{ plan.overlays }}"

- name: Check the declarations of another group, without a lock file
  netloom.container_net.fleet_plan:
    group: staging_hosts
    scope: staging
  run_once: true
  check_mode: true

- name: Plan, and say what probes must show
  netloom.container_net.fleet_plan:
    lock_file: "{{ inventory_dir }}/container_net.lock.txt"
    probes: true
  register: plan
  run_once: true
"""

RETURN = r"""
hosts:
  description: The arguments of M(netloom.container_net.topology) for each host of the group.
  returned: success
  type: dict
  sample:
    h1:
      scope: main
      networks:
        - name: mesh
          driver: overlay
          ipam_config:
            - subnet: 10.60.0.0/16
          vni: 15265705
          vtep_address: 192.0.2.1
      endpoints:
        - name: api
          container:
            netns: api
          networks:
            - name: mesh
              ipv4_address: 10.60.241.28
              mac_address: "02:7a:cb:19:42:c0"
      links: []
overlays:
  description:
    - What all hosts of an overlay or routed network share, for O(netloom.container_net.topology#module:overlays).
      It is returned once and not per host, because it grows with the fleet. Each host is in the lists itself and leaves its own rows out.
  returned: success
  type: dict
  sample:
    mesh:
      peers:
        - host: h1
          vtep: 192.0.2.1
        - host: h2
          vtep: 192.0.2.2
      endpoints:
        - name: api
          mac: "02:7a:cb:19:42:c0"
          vtep: 192.0.2.1
          addresses:
            - 10.60.241.28
policies:
  description:
    - What all hosts share of C(fleet_policies), for O(netloom.container_net.topology#module:policies), with the addresses of whom they name on routed
      networks and overlays. It is returned once and not per host, because it grows with the fleet.
  returned: success
  type: list
  elements: dict
  sample:
    - name: front-to-db
      from: {groups: [front], addresses: [], neighbours: [10.60.241.28, "fe80::7a:cbff:fe19:42c0"]}
      to: {groups: [db], addresses: [], neighbours: [10.60.17.3, "fe80::21:3cff:fe05:a177"]}
      ports: ["5432/tcp"]
      action: allow
left_out:
  description:
    - By host, the declared networks that nothing of the host uses, where there are any. They are not in its arguments.
    - Where nothing is left of a declaration, M(netloom.container_net.topology) takes it with O(netloom.container_net.topology#module:allow_empty=true).
  returned: success
  type: dict
  sample:
    h2: [web]
probes:
  description:
    - By host, the arguments of M(netloom.container_net.probe) that prove the plan. Every endpoint to every endpoint up to 50 endpoints, beyond that
      each endpoint to the next one, to the next one of each of its networks and to two more. Of a published range, its first and its last port.
    - The outside of a host is the next host of the fleet, once for each IP version in which both have a known address. Known are the addresses in
      C(fleet_vtep_address) and C(fleet_underlay_addresses), in the lock file, and in gathered facts, unless these contradict them.
    - The path MTU is measured between all endpoints of an overlay on different hosts, and on other networks between one pair for each pair of hosts.
    - What needs a responder on a host that is not in the play is left out.
    - C(ways) is no argument of it. It says of each check, in the same order, what it leads to and where it comes from.
  returned: success, when O(probes=true)
  type: dict
  sample:
    h1:
      checks:
        - {name: "shop1 -> shop2 (10.60.0.12), both on network mesh", from: {netns: shop, label: shop1}, type: ping, address: 10.60.0.12, to: shop2,
          expect: pass}
      ways:
        - {to: network mesh, from: mesh on another host}
      listen:
        - {name: shop1, in: {netns: shop}, protocol: tcp, port: 80}
not_probed:
  description: What RV(probes) leaves unproven, one sentence each, such as published ports of SCTP, or the outside of a fleet of one host.
  returned: success, when O(probes=true)
  type: list
  elements: str
  sample: ["published ports of a protocol that probe does not speak: 7001:71/sctp of shop1 on h1"]
lock_file_changed:
  description: Whether the lock file was changed, or would be in check mode.
  returned: success
  type: bool
  sample: false
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "group": {"type": "str", "default": "container_hosts"},
            "scope": {"type": "str", "default": "main"},
            "lock_file": {"type": "str"},
            "variable_prefix": {"type": "str", "default": "fleet"},
            "probes": {"type": "bool", "default": False},
            "allow_empty": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    module.fail_json(msg="fleet_plan is an action plugin and runs on the controller; it cannot run as a module on a host")


if __name__ == "__main__":
    main()
