#!/usr/bin/python
# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: netns
short_description: Make or remove a named network namespace
version_added: 1.0.0
description:
  - Makes a network namespace as C(ip netns add) does, with its C(lo) up, and marks it so that only what was made here is removed here.
  - Names are compared exactly. A file left by an interrupted creation is not taken for a namespace.
options:
  name:
    description:
      - Name of the namespace. One to 63 characters of A-Z a-z 0-9 _ . -, a letter or digit first.
    type: str
    required: true
extends_documentation_fragment:
  - netloom.container_net.attributes
  - netloom.container_net.attributes.actiongroup
  - netloom.container_net.atomic
  - netloom.container_net.pyroute2
"""

EXAMPLES = r"""
- name: Make a namespace
  netloom.container_net.netns:
    name: api

- name: Remove it
  netloom.container_net.netns:
    name: api
    state: absent
"""

RETURN = r"""
actions:
  description: The steps, in order. In check mode the steps that would be taken; the words are the same.
  returned: success
  type: list
  elements: str
  sample: ["+ namespace api"]
statistics:
  description:
    - What the run cost. C(netlink_changes) counts the messages that change something, C(firewall_restores) the runs of the firewall tool,
      C(seconds) the time from reading to verifying without Ansible's own.
  returned: success
  type: dict
  sample: {netlink_changes: 2, firewall_restores: 0, seconds: 0.01}
netns:
  description: The namespace.
  returned: success
  type: dict
  sample: {name: api, path: /run/netns/api, exists: true}
"""

from typing import Any, Dict

from ansible_collections.netloom.container_net.plugins.module_utils._ansible.atomic import Options, absent, present
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.run import ATOMIC_OPTIONS, create_module, run_request
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Outcome, Request
from ansible_collections.netloom.container_net.plugins.module_utils._model.mark import Mark
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Namespace
from ansible_collections.netloom.container_net.plugins.module_utils._model.place import NAMED, Place
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.namespace import namespace_path


def main() -> None:
    module = create_module({"name": {"type": "str", "required": True}, **ATOMIC_OPTIONS})

    def prepare() -> Request:
        options = Options(module.params)
        options.label("name")
        options.check()
        namespace = Namespace(Place.of(NAMED, options["name"]), str(Mark(options.scope, "namespace")))
        if options["state"] == "absent":
            return absent(module, options, [namespace])
        return present(module, options, [namespace], [])

    def describe(_outcome: Outcome) -> Dict[str, Any]:
        name = module.params["name"]
        return {"netns": {"name": name, "path": namespace_path(Place.of(NAMED, name)), "exists": module.params["state"] == "present"}}

    run_request(module, prepare, describe)


if __name__ == "__main__":
    main()
