# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's main function in this process: what a task does, without the second that Ansible takes to start it."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from typing import Any, Dict
from unittest import mock

from ansible.module_utils import basic

MODULES = "ansible_collections.netloom.container_net.plugins.modules."


def run_module(module: str, /, *, check: bool = False, diff: bool = False, **options: Any) -> Dict[str, Any]:
    """Run a module as a task with these options would, on a fake host only, and return its result."""
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {**options, "_ansible_check_mode": check, "_ansible_diff": diff}}).encode()
    told = io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(basic, "_ANSIBLE_ARGS", arguments))
        stack.enter_context(mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True))
        stack.enter_context(contextlib.redirect_stdout(told))
        stack.enter_context(contextlib.suppress(SystemExit))
        importlib.import_module(MODULES + module).main()
    result: Dict[str, Any] = json.loads(told.getvalue())
    return result
