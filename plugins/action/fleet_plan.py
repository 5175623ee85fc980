# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.inventory.manager import IGNORED
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
from ansible_collections.netloom.container_net.plugins.plugin_utils.play_variables import PlayVariables
from ansible_collections.netloom.container_net.plugins.plugin_utils.spread import spread

ARGUMENTS: Dict[str, Dict[str, Any]] = {
    "group": {"type": "str", "default": "container_hosts"},
    "scope": {"type": "str", "default": "main"},
    "lock_file": {"type": "str"},
    "probes": {"type": "bool", "default": False},
    "variable_prefix": {"type": "str", "default": "fleet"},
    "allow_empty": {"type": "bool", "default": False},
}
# What a host's variables are called behind the prefix; also the fields of HostVariables.
VARIABLES = ("networks", "endpoints", "links", "policies", "vtep_address", "underlay_interface", "underlay_addresses")
# Read of each host as well: where the lock lies, and whether the host is to have nothing any more.
LOCK_FILE, STATE = "lock_file", "state"
_VARIABLE = re.compile(r"\bfleet_(%s)\b" % "|".join((*VARIABLES, LOCK_FILE)))
# Fewer are read before another process has started.
HOSTS_OF_A_PROCESS = 32
TEMPLATE_MARKS = ("{{", "{%", "{#", "#jinja2:")


class Host(NamedTuple):
    """What a host declares, where its lock file lies, whether it is to have nothing any more, and what is to be said of its variables."""

    variables: HostVariables
    lock: Any
    absent: bool
    faults: Tuple[str, ...]
    warnings: Tuple[str, ...]


@dataclass
class Inventory:
    """What the hosts of the fleet declare, each with where its lock file lies; and what is to be said about that."""

    hosts: List[Tuple[HostVariables, Any]] = field(default_factory=list)
    absent: Set[str] = field(default_factory=set)
    warnings: List[str] = field(default_factory=list)


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
        inventory = self._read_inventory(str(arguments["group"]), prefix, task_vars)
        fleet = [variables for variables, _lock in inventory.hosts]
        found: Dict[str, Any] = {}
        path = self._find_lock_file(arguments["lock_file"], inventory, prefix, task_vars)
        scope = str(arguments["scope"])
        try:
            before = read_lock_text(path) if path else None
            lock = parse_lock(before, scope=scope, name=str(path)) if before is not None else Lock(scope)
            if lock != Lock(scope) and not arguments["allow_empty"]:
                _refuse_emptying([variables for variables in fleet if variables.name not in inventory.absent], str(path), prefix)
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
            raise AnsibleActionFail(_named(str(error), prefix)) from None  # ansible-core 2.19 would tell both
        found.update(self._describe(plan, prefix, inventory.warnings))
        if arguments["probes"]:
            found["probes"] = probes(expectations(plan), playing=task_vars.get("ansible_play_hosts"))
            found["not_probed"] = [_named(fact, prefix) for fact in list_unprobed(plan)]
        found.update(changed=lock_changed, lock_file_changed=lock_changed)
        return found

    def _describe(self, plan: FleetPlan, prefix: str, warnings: Sequence[str]) -> Dict[str, Any]:
        found: Dict[str, Any] = {"hosts": plan.arguments(), "overlays": plan.overlay_rows(), "policies": list(plan.policies), "left_out": plan.left_out()}
        if plan.warnings or warnings:
            found["warnings"] = [_named(warning, prefix) for warning in (*plan.warnings, *warnings)]
        return found

    def _find_lock_file(self, argument: Any, inventory: Inventory, prefix: str, task_vars: Dict[str, Any]) -> Optional[str]:
        """Return the one path that the task and the variables of all hosts name; two paths would be two memories of one fleet."""
        paths: Dict[str, str] = {}
        for variables, lock in inventory.hosts:
            if lock:
                paths.setdefault(self._locate(str(lock), task_vars), variables.name)
        if len(paths) > 1:
            named = ", ".join("%s of %s" % (path, host) for path, host in paths.items())
            raise AnsibleActionFail(
                "%s_lock_file: got %s, nothing was changed; the hosts of a fleet share one lock file, so give all of them the same path "
                "(inventory_dir and inventory_file differ from host to host)" % (prefix, named)
            )
        path = self._locate(str(argument), task_vars) if argument else next(iter(paths), None)
        folder = _parsing_folder(path, task_vars.get("ansible_inventory_sources") or ()) if path else None
        if folder:
            inventory.warnings.append(
                "%s lies in the inventory folder %s, so Ansible reads it as an inventory, too; give it a name that ends in .txt, such as container_net.lock.txt"
                % (path, folder)
            )
        return path

    def _locate(self, path: str, task_vars: Dict[str, Any]) -> str:
        """Return an absolute path. A relative one starts at the playbook, or at the inventory where the playbook is one of a collection."""
        base = str(self._loader.get_basedir())
        if "ansible_collections" not in base.split(os.sep) or os.path.isabs(os.path.expanduser(path)):
            return str(self._loader.path_dwim(path))
        return os.path.normpath(os.path.join(str(task_vars.get("inventory_dir") or os.getcwd()), path))

    def _read_inventory(self, group: str, prefix: str, task_vars: Dict[str, Any]) -> Inventory:
        """Return the variables of every host of the group, whether or not this run reaches it."""
        members = task_vars.get("groups", {}).get(group)
        if members is None:
            raise AnsibleActionFail("the inventory has no group '%s'; create it or name another with the option group" % group)
        sources = PlayVariables(self._task, task_vars)
        inventory = Inventory()
        faults: List[str] = []
        for host in spread(lambda name: self._read_host(name, sources, prefix, task_vars["hostvars"]), list(map(str, members)), least=HOSTS_OF_A_PROCESS):
            inventory.hosts.append((host.variables, host.lock))
            inventory.warnings.extend(host.warnings)
            faults.extend(host.faults)
            if host.absent:
                inventory.absent.add(host.variables.name)
        if faults:
            shown = "\n".join("- %s" % fault for fault in faults[:PROBLEMS_SHOWN])
            hidden = "\n... and %d more" % (len(faults) - PROBLEMS_SHOWN) if len(faults) > PROBLEMS_SHOWN else ""
            raise AnsibleActionFail("%d variables cannot be templated, nothing was changed:\n%s%s" % (len(faults), shown, hidden))
        return inventory

    def _read_host(self, name: str, sources: PlayVariables, prefix: str, hostvars: Any) -> Host:
        raw, inside = sources.of(name), sources.if_in_play(name)
        faults: List[str] = []
        found = self._read_variables(name, raw, prefix, hostvars, faults)
        lock = found.pop(LOCK_FILE, None)
        absent = found.pop(STATE, "present") == "absent"
        warnings = () if inside is None else tuple(self._compare(name, raw, inside, prefix, hostvars))
        return Host(_host_variables(name, raw, {} if absent else found), lock, absent, tuple(faults), warnings)

    def _read_variables(self, name: str, raw: Dict[str, Any], prefix: str, hostvars: Any, faults: List[str]) -> Dict[str, Any]:
        templar = None
        found: Dict[str, Any] = {}
        for kind in (*VARIABLES, LOCK_FILE, STATE):
            variable = "%s_%s" % (prefix, kind)
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
            found[kind] = value
        return found

    def _compare(self, name: str, raw: Dict[str, Any], inside: Dict[str, Any], prefix: str, hostvars: Any) -> Iterator[str]:
        """Say what this play declares for a host that is not in it, where the inventory says something else."""
        changed = [kind for kind in VARIABLES if raw.get("%s_%s" % (prefix, kind)) != inside.get("%s_%s" % (prefix, kind))]
        if not changed:
            return
        ignored: List[str] = []
        outer, inner = (self._read_variables(name, source, prefix, hostvars, ignored) for source in (raw, inside))
        for kind in changed:
            if (outer.get(kind) or None) != (inner.get(kind) or None):
                variable = "%s_%s" % (prefix, kind)
                yield (
                    "%s is not in this play, so for it counts what the inventory says of %s, which is not what this play says; "
                    "move the variable into the inventory, or run without --limit" % (name, variable)
                )


def _host_variables(name: str, raw: Dict[str, Any], found: Dict[str, Any]) -> HostVariables:
    addresses = _default_addresses(raw)
    return HostVariables(name=name, default_address=addresses[0] if addresses else None, default_addresses=addresses, **found)


def _refuse_emptying(present: Sequence[HostVariables], path: str, prefix: str) -> None:
    """Raise where no present host declares anything and the lock file knows better: most likely the variables were not seen."""
    if not present or any(variables.networks or variables.endpoints or variables.links for variables in present):
        return
    raise AnsibleActionFail(
        "no host of the fleet declares a network, an endpoint or a link, and %s has records; nothing was changed; if that is meant, "
        "set %s_state to absent, or allow_empty to true; if not, the variables stand where this run does not see them" % (path, prefix)
    )


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


def _parsing_folder(path: str, sources: Sequence[Any]) -> Optional[str]:
    """Return the folder among the inventory's sources in which Ansible takes this file for an inventory."""
    for source in map(str, sources):
        below = os.path.relpath(path, source)
        if os.path.isdir(source) and not below.startswith(os.pardir) and not any(IGNORED.search(name.encode()) for name in below.split(os.sep)):
            return source
    return None


def _default_addresses(raw: Dict[str, Any]) -> Tuple[str, ...]:
    """Return the addresses of the interface with the default route, where facts were gathered, IPv4's first."""
    facts = raw.get("ansible_facts") or {}
    found = ((facts.get(family) or {}).get("address") for family in ("default_ipv4", "default_ipv6"))
    return tuple(str(address) for address in found if address)
