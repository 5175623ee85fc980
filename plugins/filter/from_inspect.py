# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: from_inspect
short_description: Translate networks and containers of an engine into a declaration
version_added: 1.0.0
author:
  - netloom.container_net authors (@netloom)
description:
  - Makes networks and endpoints of what C(docker network inspect), C(docker inspect), C(podman network inspect) and C(podman inspect) print, and lists what it
    could not translate.
  - A container keeps its addresses. Its MAC addresses follow from them, as everywhere in this collection.
  - A container that only a network tells of has no ports. Give what C(inspect) prints of the container, too.
  - The engine's own networks, such as C(bridge), are left out.
options:
  _input:
    description: What is printed of networks, of containers, or lists of both added, of one engine. As JSON text or as the list it holds.
    type: raw
    required: true
seealso:
  - plugin: netloom.container_net.from_compose
    plugin_type: filter
  - module: netloom.container_net.topology
"""

EXAMPLES = r"""
- name: Ask for all networks
  ansible.builtin.shell: docker network inspect $(docker network ls --quiet)
  register: networks
  changed_when: false

- name: Ask for all containers
  ansible.builtin.shell: docker inspect $(docker ps --quiet)
  register: containers
  changed_when: false

- name: Translate both
  ansible.builtin.set_fact:
    imported: "{{ (networks.stdout | from_json + containers.stdout | from_json) | netloom.container_net.from_inspect }}"

- name: Show what is not in the declaration as it was in the engine
  ansible.builtin.debug:
    var: imported.untranslated
"""

RETURN = r"""
_value:
  description: The declaration. The reader of this collection accepts it, but for what only a fleet's plan knows of an overlay.
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
    untranslated:
      description: What is left out or renamed.
      type: list
      elements: dict
      contains:
        path:
          description: Where it would stand in a Compose file that says the same; of what was translated and then refused, where it would stand in the
            declaration.
          type: str
        value:
          description: What stands there.
          type: raw
        reason:
          description: Why, and what to do.
          type: str
  sample:
    networks:
      - name: shop
        ipam_config:
          - subnet: 172.18.0.0/16
            gateway: 172.18.0.1
    endpoints:
      - name: api
        container:
          docker: api
        networks:
          - name: shop
            ipv4_address: 172.18.0.2
        ports:
          - published: "8080"
            target: "80"
    untranslated:
      - path: networks.bridge
        value: bridge
        reason: "the engine's own network is not ours: it is left out, and attachments to it"
"""

from typing import Any, Callable, Dict

from ansible.errors import AnsibleFilterError
from ansible_collections.netloom.container_net.plugins.plugin_utils.plain import plain


def from_inspect(content: Any) -> Dict[str, Any]:
    """Return the declaration that an engine's networks and containers amount to."""
    # Here, for Ansible loads every filter of the collection in each process that meets one.
    from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
    from ansible_collections.netloom.container_net.plugins.plugin_utils.importing.compose import translate_inspected

    try:
        return translate_inspected(plain(content))
    except InputError as error:
        raise AnsibleFilterError("from_inspect: %s" % error) from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"from_inspect": from_inspect}
