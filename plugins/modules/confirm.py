#!/usr/bin/python
# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: confirm
short_description: Keep a change of a host's container networks that would be taken back otherwise
version_added: 1.0.0
description:
  - Confirms what M(netloom.container_net.topology) changed with O(netloom.container_net.topology#module:confirm_timeout).
  - Run it over a new connection, with C(meta=reset_connection) before it. That one can be made is the proof that the change did not cut the host off.
    Over the SSH connection that the change came in on, the task fails.
  - If the change was taken back meanwhile, the task fails, so a play does not go on as if it stood.
options:
  scope:
    description: The scope of the change.
    type: str
    default: main
extends_documentation_fragment:
  - netloom.container_net.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: There is nothing to compare.
  idempotent:
    support: none
    details:
      - What was confirmed waits no more, and then there is nothing that could be confirmed.
      - Run it only where RV(netloom.container_net.topology#module:confirm_before) is set.
notes:
  - Needs root on the host.
seealso:
  - module: netloom.container_net.topology
author:
  - The netloom.container_net authors (@netloom)
"""

EXAMPLES = r"""
- name: Change what may cut this connection
  netloom.container_net.topology:
    networks: "{{ my_networks }}"
    endpoints: "{{ my_endpoints }}"
    confirm_timeout: 60
  register: change

- name: Drop the connection
  ansible.builtin.meta: reset_connection

- name: Wait until a new one is possible, or the host is back
  ansible.builtin.wait_for_connection:
    timeout: 90

- name: Keep the change
  netloom.container_net.confirm:
  when: change.confirm_before is truthy
"""

RETURN = r"""
seconds_left:
  description: How many seconds later the change would have been taken back.
  returned: success
  type: float
  sample: 55.3
"""

import os
from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.run import guard, require_rights
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.session import read_ssh_connection
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.statefile import STATE_DIRECTORY
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.unconfirmed import confirm


def main() -> None:
    module = AnsibleModule(argument_spec={"scope": {"type": "str", "default": "main"}}, supports_check_mode=True)
    require_rights(module)

    def action() -> Dict[str, Any]:
        pending = confirm(STATE_DIRECTORY, module.params["scope"], read_ssh_connection(os.environ), check_mode=module.check_mode)
        return {"changed": True, "seconds_left": round(pending.seconds_left, 1)}

    guard(module, action)


if __name__ == "__main__":
    main()
