# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the planner over golden/*.yml: what stands, what is wanted, and the exact steps or conflicts.

`old_kernel: true` renames nothing that is up. `prune: true` lets everything of the scope go that is not wanted; `removes` names single objects by their labels.
Every plan is then carried out on a toy kernel, which must accept each step and leave nothing to plan.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Set

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._engine.scope import scope_keys
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Conflict
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Key, Snapshot
from ansible_collections.netloom.container_net.plugins.module_utils._plan.planner import plan
from ansible_collections.netloom.container_net.plugins.module_utils._plan.renames import foresee_names
from ansible_collections.netloom.container_net.plugins.module_utils._plan.step import DELETE
from golden_files import read_cases
from object_rows import read_object
from toy_kernel import ToyKernel

WORDS = ("what", "scope", "prune", "removes", "adopt", "old_kernel", "current", "desired", "steps", "conflicts")


def prunable(case: Dict[str, Any], snapshot: Snapshot) -> Set[Key]:
    labels = set(case.get("removes", ()))
    found = {key for key, item in snapshot.unfolded().objects.items() if item.label in labels}
    if case.get("prune"):
        found |= scope_keys(snapshot, case.get("scope", "main"))
    return found | {key for key in snapshot.mine if key[0] in ("Chain", "Jump")}


@pytest.mark.parametrize("case", read_cases(Path(__file__).with_name("golden"), WORDS))
def test_case(case: Dict[str, Any]) -> None:
    kernel = ToyKernel.of_rows(case.get("current", ()))
    kernel.renames_only_lowered = case.get("old_kernel", False)
    desired = [read_object(row) for row in case.get("desired", ())]
    snapshot = foresee_names(desired, kernel.snapshot(), lowers=lambda: kernel.renames_only_lowered)
    keys = prunable(case, snapshot)
    adopt = case.get("adopt", False)
    if "conflicts" in case:
        with pytest.raises(Conflict) as caught:
            plan(desired, snapshot, prunable=keys, adopt=adopt)
        assert str(caught.value).splitlines() == ["nothing was changed:"] + ["- " + line for line in case["conflicts"]]
        return
    steps = plan(desired, snapshot, prunable=keys, adopt=adopt)
    assert [step.line for step in steps] == case["steps"]
    # A port's first VLAN is there only once it is a port.
    deleted = [snapshot.names.follow(step.subject).key if isinstance(step.subject, Link) else step.subject.key for step in steps if step.action == DELETE]
    standing = snapshot.unfolded().objects
    assert all(key in standing or key[0] == "BridgeVlan" for key in deleted)
    kernel.apply(steps)
    after = foresee_names(desired, kernel.snapshot())
    assert [step.line for step in plan(desired, after, prunable=prunable(case, after), adopt=adopt)] == []
