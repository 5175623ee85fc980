# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine on a fresh network, with plain objects for a declaration and no firewall."""

from __future__ import annotations

import json
import subprocess
from typing import Any, List, Optional, Sequence, Tuple

from ansible_collections.netloom.container_net.plugins.module_utils._engine.pipeline import converge
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Request
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.none import NoFirewall
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import KernelObject
from object_rows import read_object

Rows = Sequence[Any]


def objects(rows: Rows) -> List[KernelObject]:
    return [row if isinstance(row, KernelObject) else read_object(row) for row in rows]


def run_engine(rows: Rows, *, door: Optional[Door] = None, **options: Any) -> List[str]:
    """Converge and return the lines."""

    def run(_argv: Any, _data: Any = None) -> Tuple[int, str, str]:
        raise AssertionError("no tool is needed")

    request = Request(
        scope=options.pop("scope", "main"),
        build=lambda _facts: (objects(rows), ()),
        backend=NoFirewall(),
        run=run,
        state_directory="/run/container_net_test",
        **{"prune": True, **options},
    )
    return [step.line for step in converge(request, door=door).steps]


def settle(rows: Rows, **options: Any) -> List[str]:
    """check, apply, apply: what is planned is done, and then there is nothing left to do or to send."""
    planned = run_engine(rows, check_mode=True, **options)
    assert run_engine(rows, **options) == planned
    door = Door()
    assert run_engine(rows, door=door, **options) == []
    assert door.changes == []
    return planned


def failure(rows: Rows, **options: Any) -> str:
    """Return the error that a run ends with."""
    try:
        run_engine(rows, **options)
    except ContainerNetError as error:
        return str(error)
    raise AssertionError("it did not fail")


def sh(script: str) -> str:
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, "%s\n%s" % (script, done.stderr)
    return done.stdout


def shown(name: str, space: str = "") -> Any:
    """Return a link as iproute2 shows it, or None."""
    done = subprocess.run(
        ["ip", *(["-n", space] if space else []), "-d", "-j", "link", "show", "dev", name], capture_output=True, text=True, timeout=30, check=False
    )
    return json.loads(done.stdout)[0] if done.returncode == 0 else None
