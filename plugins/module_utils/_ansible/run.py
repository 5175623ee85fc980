# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The only place that knows AnsibleModule: options in, pipeline, result out."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional

from . import archive  # noqa: F401  # pylint: disable=unused-import  # first, for what follows is imported through it

# isort: split
from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._engine.pipeline import converge
from .._engine.request import LOCK_TIMEOUT, Outcome, Request
from .._engine.result import DIFF_DETAILS, OBJECTS, render
from .._firewall.table import AUTO, list_choices
from .._kernel.capability import lacking_capabilities
from .._kernel.netlink import PYROUTE2_ERROR, PYROUTE2_FLOOR, pyroute2_version
from .._model.errors import ContainerNetError

Arguments = Dict[str, Dict[str, Any]]

RIGHTS = "changing or reading networks needs root, or the capabilities CAP_NET_ADMIN and CAP_SYS_ADMIN"

LOCK_OPTION: Arguments = {"lock_timeout": {"type": "float", "default": LOCK_TIMEOUT}}
SCOPE_OPTION: Arguments = {"scope": {"type": "str", "default": "tasks"}}
PLACE_OPTION: Arguments = {"namespace": {"type": "str"}}
STATE_OPTION: Arguments = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}
BACKEND_OPTION: Arguments = {"firewall_backend": {"type": "str", "choices": list_choices(), "default": AUTO}}
DIFF_OPTION: Arguments = {"diff_detail": {"type": "str", "choices": list(DIFF_DETAILS), "default": OBJECTS}}
ATOMIC_OPTIONS: Arguments = {**STATE_OPTION, **SCOPE_OPTION, **LOCK_OPTION}


def create_module(options: Arguments, **constraints: Any) -> AnsibleModule:
    """Return the module, having made sure of its library."""
    module = AnsibleModule(argument_spec=options, supports_check_mode=True, **constraints)
    floor = ".".join(str(number) for number in PYROUTE2_FLOOR)
    if PYROUTE2_ERROR is not None:
        module.fail_json(msg=missing_required_lib("pyroute2 >= %s" % floor), exception=PYROUTE2_ERROR)
    found = pyroute2_version()
    if found is not None and found < PYROUTE2_FLOOR:
        reason = "(found %s)" % ".".join(str(number) for number in found)
        module.fail_json(msg=missing_required_lib("pyroute2 >= %s" % floor, reason=reason))
    require_rights(module)
    return module


def require_rights(module: AnsibleModule) -> None:
    """Leave before anything else is tried where the task may not change networks."""
    lacking = lacking_capabilities()
    if lacking:
        module.fail_json(msg="%s, and this task has no %s: set become: true; nothing was changed" % (RIGHTS, " and no ".join(lacking)))


def guard(module: AnsibleModule, action: Callable[[], Dict[str, Any]]) -> None:
    """Run an action and leave with its result; every expected failure becomes one clear message."""
    try:
        result = action()
    except ContainerNetError as error:
        module.fail_json(msg=str(error))
    except PermissionError as error:
        module.fail_json(msg="%s; %s: set become: true" % (error, RIGHTS))
    except OSError as error:
        module.fail_json(msg="%s; nothing is half done that a second run would not complete" % error)
    module.exit_json(**result)


def run_request(module: AnsibleModule, prepare: Callable[[], Request], describe: Optional[Callable[[Outcome], Dict[str, Any]]] = None) -> None:
    """Prepare a request, converge, and leave with the shared result shape."""

    def action() -> Dict[str, Any]:
        outcome = converge(prepare())
        for warning in outcome.warnings:
            module.warn(warning)
        result = render(outcome, module.params.get("diff_detail", OBJECTS))
        if describe is not None:
            result.update(describe(outcome))
        return result

    guard(module, action)
