# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: overview
short_description: What stands on a host, as text
version_added: 1.0.0
author:
  - netloom.container_net authors (@netloom)
description:
  - Tells networks, containers with their interfaces, addresses, routes and published ports, wires, tunnels and devices, in lines that C(ansible.builtin.debug)
    prints within 80 columns. The playbook C(netloom.container_net.show) prints it.
  - Containers that are declared and do not run are told of as well.
positional: declared
options:
  _input:
    description: What M(netloom.container_net.topology_info) returned for one scope, asked with the containers of the declaration.
    type: dict
    required: true
  declared:
    description: The endpoints that are declared for the host, as O(netloom.container_net.topology#module:endpoints). What is no endpoint is ignored.
    type: raw
    default: []
seealso:
  - module: netloom.container_net.topology_info
"""

EXAMPLES = r"""
- name: Read the kernel
  netloom.container_net.topology_info:
    scope: main
    containers: "{{ fleet_endpoints | map(attribute='container') }}"
  register: live

- name: Show what stands
  ansible.builtin.debug:
    msg: "{{ (live | netloom.container_net.overview(fleet_endpoints)).splitlines() }}"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
  sample: |
    network web: bridge br-web, mtu 1500, 10.20.0.1/24
    container queue (docker:queue): not running
    container shop (netns:shop)
      eth0 on web, 02:7b:42:f3:3b:f8, host's end cn-cb07bb941778
        10.20.0.10/24
      route 0.0.0.0/0 by 10.20.0.1 on eth0
      port 8080 -> 80/tcp
"""

from typing import Any, Callable, Dict, List

from ansible.errors import AnsibleFilterError
from ansible_collections.netloom.container_net.plugins.plugin_utils.plain import plain


def overview(live: Any, declared: Any = ()) -> str:
    # Here, for Ansible loads every filter of the collection in each process that meets one.
    from ansible_collections.netloom.container_net.plugins.plugin_utils.overview import render_overview

    try:
        return "\n".join(render_overview(plain(live), _endpoints(plain(declared))))
    except (AttributeError, TypeError, KeyError) as error:
        raise AnsibleFilterError("overview needs the result of netloom.container_net.topology_info: %r" % error) from error


def _endpoints(declared: Any) -> List[Dict[str, Any]]:
    entries = declared if isinstance(declared, list) else []
    return [entry for entry in entries if isinstance(entry, dict) and "name" in entry and entry.get("state") != "absent"]


class FilterModule:
    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"overview": overview}
