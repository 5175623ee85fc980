# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: from_containerlab
short_description: Translate a topology file of containerlab into a declaration
version_added: 1.0.0
author:
  - netloom.container_net authors (@netloom)
description:
  - Makes endpoints of the nodes of a topology file, wires and tunnels of its links, and lists what it could not translate.
  - The container of a node is C(clab-LAB-NODE), with the C(prefix) of the file, of the engine that C(runtime) names.
  - A node of kind C(bridge) is a network with the bridge of that name, which must stand.
  - The management network is the engine's, and left out.
options:
  _input:
    description: Content of the topology file, as text or as the map it holds.
    type: raw
    required: true
seealso:
  - plugin: netloom.container_net.from_compose
    plugin_type: filter
  - module: netloom.container_net.topology
"""

EXAMPLES = r"""
- name: Translate a topology file
  ansible.builtin.set_fact:
    imported: "{{ lookup('ansible.builtin.file', 'lab.clab.yml') | netloom.container_net.from_containerlab }}"

- name: Show what is not in the declaration as it was in the file
  ansible.builtin.debug:
    var: imported.untranslated

- name: Make its links
  netloom.container_net.topology:
    networks: "{{ imported.networks }}"
    endpoints: "{{ imported.endpoints }}"
    links: "{{ imported.links }}"
"""

RETURN = r"""
_value:
  description: The declaration, as the reader of this collection accepts it.
  type: dict
  contains:
    networks:
      description: As O(netloom.container_net.topology#module:networks).
      type: list
      elements: dict
    endpoints:
      description: As O(netloom.container_net.topology#module:endpoints).
      type: list
      elements: dict
    links:
      description: As O(netloom.container_net.topology#module:links).
      type: list
      elements: dict
    untranslated:
      description: What is left out or renamed.
      type: list
      elements: dict
      contains:
        path:
          description: Where it stands in the file; of what was translated and then refused, where it would stand in the declaration.
          type: str
        value:
          description: What stands there.
          type: raw
        reason:
          description: Why, and what to do.
          type: str
  sample:
    networks: []
    endpoints:
      - name: r1
        container:
          docker: clab-two-r1
      - name: r2
        container:
          docker: clab-two-r2
    links:
      - name: r1-eth1--r2-eth1
        ends:
          - endpoint: r1
            interface_name: eth1
          - endpoint: r2
            interface_name: eth1
    untranslated:
      - path: topology.nodes.r1.exec
        value: [ip address add 192.0.2.1/31 dev eth1]
        reason: "commands inside the node are not read: write addresses and routes of its interfaces at the ends of its links"
"""

from typing import Any, Callable, Dict

from ansible.errors import AnsibleFilterError
from ansible_collections.netloom.container_net.plugins.plugin_utils.plain import plain


def from_containerlab(content: Any) -> Dict[str, Any]:
    """Return the declaration that a topology file of containerlab amounts to."""
    # Here, for Ansible loads every filter of the collection in each process that meets one.
    from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
    from ansible_collections.netloom.container_net.plugins.plugin_utils.importing.containerlab import translate_containerlab

    try:
        return translate_containerlab(plain(content))
    except InputError as error:
        raise AnsibleFilterError("from_containerlab: %s" % error) from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"from_containerlab": from_containerlab}
