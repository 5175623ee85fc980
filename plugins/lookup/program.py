# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: program
short_description: The program container-net as a file on the controller
version_added: 1.0.0
author:
  - netloom.container_net authors (@netloom)
description:
  - Makes the program C(container-net) of the engine of this collection, as one file that needs Python and pyroute2 on a host, and no Ansible.
  - The role P(netloom.container_net.boot#role) puts it onto hosts. The same version of the collection always makes the same file.
options:
  _terms:
    description: Absolute path of the Python on the host that has pyroute2; one file is made for each.
    type: list
    elements: str
    required: true
notes:
  - The file lies in the temporary directory of this run of Ansible, and goes with it.
seealso:
  - module: netloom.container_net.topology
"""

EXAMPLES = r"""
- name: Put the program onto a host
  ansible.builtin.copy:
    src: "{{ lookup('netloom.container_net.program', '/usr/bin/python3') }}"
    dest: /usr/local/sbin/container-net
    mode: "0755"
"""

RETURN = r"""
_list:
  description: Paths of the files on the controller.
  type: list
  elements: path
"""

import hashlib
import os
from typing import Any, List

from ansible import constants
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.netloom.container_net.plugins.plugin_utils.program import build_program


class LookupModule(LookupBase):  # type: ignore[misc]  # Ansible is not typed
    """Each file is written once in a run: hosts ask for the same one again."""

    def run(self, terms: List[Any], variables: Any = None, **kwargs: Any) -> List[str]:
        self.set_options(var_options=variables, direct=kwargs)
        return [_make(str(term)) for term in terms]


def _make(interpreter: str) -> str:
    try:
        program = build_program(interpreter)
    except ValueError as error:
        raise AnsibleLookupError(str(error)) from error
    path = os.path.join(constants.DEFAULT_LOCAL_TMP, "container-net-%s" % hashlib.sha256(program).hexdigest()[:16])
    if not os.path.exists(path):
        temporary = "%s.%d" % (path, os.getpid())
        with open(temporary, "wb") as stream:
            stream.write(program)
        os.replace(temporary, path)
    return path
