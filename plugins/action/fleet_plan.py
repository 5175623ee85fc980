# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Optional, Tuple

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import Templar
from ansible_collections.netloom.container_net.plugins.module_utils._model.collector import collector_paused
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import PROBLEMS_SHOWN, ContainerNetError
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.expectations import expectations, probes
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock import Lock, parse_lock, render_lock
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock_file import read_lock_text, require_writable, write_lock_text
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.planner import FleetPlan, plan_fleet
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.reading import HostVariables
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.unprobed import list_unprobed
from ansible_collections.netloom.container_net.plugins.plugin_utils.plain import plain

ARGUMENTS: Dict[str, Dict[str, Any]] = {
    "group": {"type": "str", "default": "container_hosts"},
    "scope": {"type": "str", "default": "main"},
    "lock_file": {"type": "str"},
    "probes": {"type": "bool", "default": False},
    "variable_prefix": {"type": "str", "default": "fleet"},
}
# What a host's variables are called behind the prefix; also the fields of HostVariables.
VARIABLES = ("networks", "endpoints", "links", "vtep_address", "underlay_interface", "underlay_addresses")
_VARIABLE = re.compile(r"\bfleet_(%s)\b" % "|".join(VARIABLES))
TEMPLATE_MARKS = ("{{", "{%", "{#", "#jinja2:")


class ActionModule(ActionBase):
    """Plans the fleet on the controller; it touches no host and needs no connection."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        result: Dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        with collector_paused():
            result.update(self._plan(arguments, task_vars or {}))
        return result

    def _plan(self, arguments: Dict[str, Any], task_vars: Dict[str, Any]) -> Dict[str, Any]:
        prefix = str(arguments["variable_prefix"])
        fleet = self._read_inventory(str(arguments["group"]), prefix, task_vars)
        found: Dict[str, Any] = {}
        path = self._loader.path_dwim(str(arguments["lock_file"])) if arguments["lock_file"] else None
        scope = str(arguments["scope"])
        try:
            before = read_lock_text(path) if path else None
            lock = parse_lock(before, scope=scope, name=str(path)) if before is not None else Lock(scope)
            plan = plan_fleet(fleet, scope=scope, lock=lock)
            lock_changed = path is not None and plan.lock != lock
            if path is not None and lock_changed:
                require_writable(path)
                after = render_lock(plan.lock)
                if not self._task.check_mode:
                    write_lock_text(path, after)
                if self._task.diff:
                    found["diff"] = {"before": before or "", "after": after, "before_header": path, "after_header": path}
        except ContainerNetError as error:
            raise AnsibleActionFail(_named(str(error), prefix)) from error
        found.update(self._describe(plan, prefix))
        if arguments["probes"]:
            found["probes"] = probes(expectations(plan), playing=task_vars.get("ansible_play_hosts"))
            found["not_probed"] = [_named(fact, prefix) for fact in list_unprobed(plan)]
        found.update(changed=lock_changed, lock_file_changed=lock_changed)
        return found

    def _describe(self, plan: FleetPlan, prefix: str) -> Dict[str, Any]:
        found: Dict[str, Any] = {"hosts": plan.arguments(), "overlays": plan.overlay_rows()}
        if plan.warnings:
            found["warnings"] = [_named(warning, prefix) for warning in plan.warnings]
        return found

    def _read_inventory(self, group: str, prefix: str, task_vars: Dict[str, Any]) -> List[HostVariables]:
        """Return the variables of every host of the group, whether or not this run reaches it."""
        members = task_vars.get("groups", {}).get(group)
        if members is None:
            raise AnsibleActionFail("the inventory has no group '%s'; create it or name another with the option group" % group)
        hostvars = task_vars["hostvars"]
        faults: List[str] = []
        fleet = [self._read_host(str(name), prefix, hostvars, faults) for name in members]
        if faults:
            shown = "\n".join("- %s" % fault for fault in faults[:PROBLEMS_SHOWN])
            hidden = "\n... and %d more" % (len(faults) - PROBLEMS_SHOWN) if len(faults) > PROBLEMS_SHOWN else ""
            raise AnsibleActionFail("%d variables cannot be templated, nothing was changed:\n%s%s" % (len(faults), shown, hidden))
        return fleet

    def _read_host(self, name: str, prefix: str, hostvars: Any, faults: List[str]) -> HostVariables:
        raw = hostvars.raw_get(name)
        templar = None
        found: Dict[str, Any] = {}
        for field in VARIABLES:
            variable = "%s_%s" % (prefix, field)
            if variable not in raw:
                continue
            known, value = _read_literal(raw[variable])
            if not known:
                if templar is None:
                    templar = Templar(loader=self._loader, variables=dict(raw, hostvars=hostvars))
                try:
                    value = plain(templar.template(raw[variable]))
                except AnsibleError as error:
                    faults.append("hostvars[%s].%s: %s" % (name, variable, " ".join(str(error).split())))
            found[field] = value
        addresses = _default_addresses(raw)
        return HostVariables(name=name, default_address=addresses[0] if addresses else None, default_addresses=addresses, **found)


def _named(text: str, prefix: str) -> str:
    """Return a message of the planner, which calls the variables by their usual prefix, with the names they have here."""
    return _VARIABLE.sub(lambda match: "%s_%s" % (prefix, match.group(1)), text)


def _read_literal(value: Any) -> Tuple[bool, Any]:
    """Return (True, plain copy) of a value without templates. Ten times faster than the template engine, which would find nothing to do."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return False, None
    return (False, None) if any(mark in text for mark in TEMPLATE_MARKS) else (True, json.loads(text))


def _default_addresses(raw: Dict[str, Any]) -> Tuple[str, ...]:
    """Return the addresses of the interface with the default route, where facts were gathered, IPv4's first."""
    facts = raw.get("ansible_facts") or {}
    found = ((facts.get(family) or {}).get("address") for family in ("default_ipv4", "default_ipv6"))
    return tuple(str(address) for address in found if address)
