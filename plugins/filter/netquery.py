# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: netquery
short_description: Query facts and plans with JMESPath
version_added: 1.0.0
author:
  - netloom.container_net authors (@netloom)
description:
  - Applies a JMESPath expression to any data, such as the result of M(netloom.container_net.topology_info) or M(netloom.container_net.fleet_plan).
  - Ansible's own text and container types are turned into plain ones first, so every JMESPath function works on them.
  - No role or module of this collection needs this filter.
positional: expression
options:
  _input:
    description: The data to query.
    type: raw
    required: true
  expression:
    description: A JMESPath expression, see U(https://jmespath.org/specification.html).
    type: str
    required: true
requirements:
  - jmespath (Python library, on the controller)
seealso:
  - module: netloom.container_net.topology_info
  - module: netloom.container_net.fleet_plan
"""

EXAMPLES = r"""
- name: Read the live state of this host
  netloom.container_net.topology_info:
  register: state

- name: Show every container's interfaces with an MTU below 1500
  ansible.builtin.debug:
    msg: "{{ state | netloom.container_net.netquery(
      'endpoints[].interfaces[] | [?mtu < `1500`].{container: container, interface: interface, mtu: mtu}') }}"

- name: Show which endpoint publishes which port
  ansible.builtin.debug:
    msg: "{{ state | netloom.container_net.netquery('ports[].{endpoint: endpoint, port: published, protocol: protocol}') }}"

- name: Plan the fleet
  netloom.container_net.fleet_plan:
  register: plan
  run_once: true

- name: Show the address of every endpoint of the overlay mesh
  ansible.builtin.debug:
    msg: "{{ plan | netloom.container_net.netquery('overlays.mesh.endpoints[].addresses[]') }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: What the expression selects. V(null) where it selects nothing.
  type: raw
"""

from typing import Any, Callable, Dict

from ansible.errors import AnsibleFilterError
from ansible_collections.netloom.container_net.plugins.plugin_utils.plain import plain

try:
    import jmespath
except ImportError:
    jmespath = None


def netquery(data: Any, expression: Any) -> Any:
    """Return what a JMESPath expression selects from data."""
    if jmespath is None:
        raise AnsibleFilterError("netquery needs the Python library jmespath on the controller; install it there, for example with: pip install jmespath")
    if not isinstance(expression, str):
        raise AnsibleFilterError("netquery: expected a JMESPath expression as text, got %s" % type(expression).__name__)
    try:
        return jmespath.search(str(expression), plain(data))
    except jmespath.exceptions.JMESPathError as error:
        raise AnsibleFilterError("netquery: cannot apply '%s': %s" % (expression, error)) from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"netquery": netquery}
