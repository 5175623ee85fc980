# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: matrix
short_description: Who reaches whom, as a text table
version_added: 1.0.0
author:
  - netloom.container_net authors (@netloom)
description:
  - Makes one table of the results that M(netloom.container_net.probe) returned, on one host or on many.
options:
  _input:
    description: The results, RV(netloom.container_net.probe#module:results) of one host or of several joined together.
    type: list
    elements: dict
    required: true
seealso:
  - module: netloom.container_net.probe
"""

EXAMPLES = r"""
- name: Show one table for all hosts of the play
  ansible.builtin.debug:
    msg: "{{ (ansible_play_hosts | map('extract', hostvars, ['probed', 'results']) | flatten | netloom.container_net.matrix).splitlines() }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - Rows are where the checks start, columns where they lead.
    - V(ok) passes, V(--) is refused as expected, V(+-) is some of both as expected, V(!!) is not as expected, V(.) was not checked.
  type: str
  sample: |
    from / to  db
    api        ok
    guest      --
"""

from typing import Any, Callable, Dict

from ansible.errors import AnsibleFilterError


def matrix(results: Any) -> str:
    # Here, for Ansible loads every filter of the collection in each process that meets one.
    from ansible_collections.netloom.container_net.plugins.module_utils._probe.matrix import render_entries

    try:
        return render_entries([(str(item["from"]), str(item["to"]), item["outcome"] == "pass", bool(item["ok"])) for item in results])
    except (TypeError, KeyError) as error:
        raise AnsibleFilterError("matrix needs the results of netloom.container_net.probe: %r" % error) from error


class FilterModule:
    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"matrix": matrix}
