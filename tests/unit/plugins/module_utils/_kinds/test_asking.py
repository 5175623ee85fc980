# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Outside `_kinds` nobody asks which kind a link is: he asks the kind."""

from __future__ import annotations

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.nic import Nic
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.table import list_kinds
from asking import Asking

ASKING = Asking(
    home=("module_utils", "_kinds"),
    classes=frozenset(kind.__name__ for kind in (*list_kinds(), Nic)) | {"LinkKind", "Stacked"},
    holders=frozenset(("kind", "nature")),
    word="kind",
    defines=lambda module: "_kinds" in module or module.endswith("_model.kind"),
)
BASE = frozenset(("module_utils/_model/kind.py",))
IMPORTS = "from .._kinds.bridge import Bridge\nfrom .._model.kind import LinkKind\n"


def test_no_file_asks_which_kind_a_link_is() -> None:
    assert ASKING.breaches(but=BASE) == {}


@pytest.mark.parametrize(
    "line",
    [
        "isinstance(link.kind, Bridge)",
        "isinstance(link.kind, (int, Bridge))",
        "isinstance(link.kind, LinkKind)",
        "PORTS = (Bridge,)",
        "ORDER = {Bridge: 1}",
        "Bridge.kind",
        "type(link.kind) is type(other)",
        "ORDER[type(kind)]",
        "ORDER[Bridge]",
        "type(link.nature).__name__",
        "link.kind.__class__",
        'link.kind.kind == "bridge"',
        'link.nature.kind in ("bridge", "vrf")',
        'kind.kind != "bridge"',
    ],
)
def test_a_breach_is_found(line: str) -> None:
    assert ASKING.faults(IMPORTS + line) == ["line 3"]


@pytest.mark.parametrize(
    "line",
    ["Bridge(stp=True)", "def make(kind: LinkKind) -> Bridge: ...", "kinds: List[Bridge] = []", "link.nature.has_ports", "type(step.subject)"],
)
def test_making_one_is_none(line: str) -> None:
    assert ASKING.faults(IMPORTS + line) == []
