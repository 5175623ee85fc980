# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: from_compose
short_description: Translate a Docker Compose file into a declaration
version_added: 1.0.0
author:
  - netloom.container_net authors (@netloom)
description:
  - Makes networks and endpoints of the services, networks and ports of a Compose file, and lists what it could not translate.
  - A service becomes an endpoint of the same name, whose container is that of the Docker Engine with C(container_name), else C(PROJECT-SERVICE-1).
  - A network is called as in the file, or by its own C(name).
  - Keys that are not about networks, such as C(image) or C(volumes), are left out without a word.
  - Variables are not filled in, and other files are not read. Give what C(docker compose config) prints where a file has such.
positional: project
options:
  _input:
    description: Content of the Compose file, as text or as the map it holds. As a map, an unquoted port such as C(22:22) may already have become a number.
    type: raw
    required: true
  project:
    description: Name of the project, by default C(name) of the file. Needed where a service has no C(container_name).
    type: str
  pool:
    description:
      - IPv4 block from which networks without an IPv4 subnet get one of 256 addresses. It follows from the network's full name, so it stays when others come
        and go, and is listed among RV(_value.untranslated).
    type: str
    default: 10.128.0.0/9
seealso:
  - module: netloom.container_net.topology
"""

EXAMPLES = r"""
- name: Translate a Compose file
  ansible.builtin.set_fact:
    imported: "{{ lookup('ansible.builtin.file', 'compose.yml') | netloom.container_net.from_compose('shop') }}"

- name: Show what is not in the declaration as it was in the file
  ansible.builtin.debug:
    var: imported.untranslated

- name: Make its networks
  netloom.container_net.topology:
    networks: "{{ imported.networks }}"
    endpoints: "{{ imported.endpoints }}"
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
      description: What is left out, renamed or chosen.
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
    networks:
      - name: web
        ipam_config:
          - subnet: 10.20.0.0/24
    endpoints:
      - name: api
        container:
          docker: shop-api-1
        networks:
          - name: web
        ports:
          - published: "8080"
            target: "80"
    untranslated:
      - path: services.api.dns
        value: 192.0.2.53
        reason: set it where the container is started
"""

from typing import Any, Callable, Dict

from ansible.errors import AnsibleFilterError
from ansible_collections.netloom.container_net.plugins.plugin_utils.plain import plain


def from_compose(content: Any, project: Any = None, pool: Any = None) -> Dict[str, Any]:
    """Return the declaration that a Compose file amounts to."""
    # Here, for Ansible loads every filter of the collection in each process that meets one.
    from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
    from ansible_collections.netloom.container_net.plugins.plugin_utils.importing.compose import translate_compose

    chosen = () if pool is None else (plain(pool),)
    try:
        return translate_compose(plain(content), plain(project), *chosen)
    except InputError as error:
        raise AnsibleFilterError("from_compose: %s" % error) from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"from_compose": from_compose}
