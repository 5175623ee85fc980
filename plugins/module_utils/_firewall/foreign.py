# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules of others, whichever tool wrote them: packets obey all."""

from __future__ import annotations

from typing import Tuple

from .._model.translation import Translation
from .base import HasTool, RunCommand
from .iptables.rulesets import read_iptables
from .iptables.translations import find_iptables_translations
from .nftables.rulesets import read_nftables
from .nftables.translations import find_nftables_translations
from .rulesets import RuleSet


def find_foreign_translations(run: RunCommand, has_tool: HasTool) -> Tuple[Translation, ...]:
    """Return what leads elsewhere of what is sent to the host. What cannot be read is left out."""
    found, known = find_iptables_translations(run, has_tool)
    return tuple(dict.fromkeys((*found, *find_nftables_translations(run, has_tool, known))))


def read_all_rules(run: RunCommand, has_tool: HasTool) -> Tuple[RuleSet, ...]:
    """Return every rule of the namespace that `run` runs in, ours and others'; no table is made by asking for it."""
    found, known = read_iptables(run, has_tool)
    return (*found, *read_nftables(run, has_tool, known))
