# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: report
short_description: What the probes of a fleet found, as text, JSON or JUnit
version_added: 1.0.0
author:
  - netloom.container_net authors (@netloom)
description:
  - Joins the probes that M(netloom.container_net.fleet_plan) planned with the results that M(netloom.container_net.probe) returned on each host.
  - The playbook C(netloom.container_net.verify) prints and writes what it makes.
positional: results, hosts
options:
  _input:
    description: RV(netloom.container_net.fleet_plan#module:probes).
    type: dict
    required: true
  results:
    description: By host, RV(netloom.container_net.probe#module:results).
    type: dict
    required: true
  hosts:
    description: The hosts that were to be probed. One without results is an exception.
    type: list
    elements: str
    required: true
  not_probed:
    description: RV(netloom.container_net.fleet_plan#module:not_probed).
    type: list
    elements: str
    default: []
  format:
    description:
      - V(text) is a summary, the exceptions and a table for each network, in lines that C(ansible.builtin.debug) prints within 80 columns.
      - V(json) and V(junit) are the whole, with every check.
    type: str
    choices: [text, json, junit]
    default: text
seealso:
  - module: netloom.container_net.fleet_plan
  - module: netloom.container_net.probe
"""

EXAMPLES = r"""
- name: Print what the probes of one host found
  ansible.builtin.debug:
    msg: "{{ (plan.probes | netloom.container_net.report({'h1': probed.results}, ['h1'])).splitlines() }}"

- name: Write the whole for a build server
  ansible.builtin.copy:
    content: "{{ plan.probes | netloom.container_net.report({'h1': probed.results}, ['h1'], format='junit') }}"
    dest: /tmp/verify.xml
    mode: "0644"
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: The report.
  type: str
  sample: |
    213 checks: 88 passed and 125 were refused as declared, 0 wrong
"""

from typing import Any, Callable, Dict

from ansible.errors import AnsibleFilterError
from ansible_collections.netloom.container_net.plugins.plugin_utils.plain import plain


def report(probes: Any, results: Any, hosts: Any, not_probed: Any = (), format: str = "text") -> str:
    # Here, for Ansible loads every filter of the collection in each process that meets one.
    from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.report import RENDERERS, make_report

    if format not in RENDERERS:
        raise AnsibleFilterError("report: format is one of %s, not %s" % (", ".join(RENDERERS), format))
    try:
        return RENDERERS[format](make_report(plain(probes), plain(results), plain(hosts), plain(not_probed)))
    except (AttributeError, TypeError, KeyError) as error:
        raise AnsibleFilterError("report needs the probes of fleet_plan and the results of probe: %r" % error) from error


class FilterModule:
    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"report": report}
