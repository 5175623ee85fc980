# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Which variables count for a host: those its tasks see where it is in the play, those of the inventory where it is not."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Mapping, Optional


class PlayVariables:
    """The variables of hosts, untemplated, from within a task of a play."""

    def __init__(self, task: Any, task_vars: Mapping[str, Any]) -> None:
        self._task = task
        self._play = _find_play(task)
        self._hostvars = task_vars["hostvars"]
        self._in_play: FrozenSet[str] = frozenset(task_vars.get("ansible_play_hosts_all", ()))

    def of(self, host: str) -> Dict[str, Any]:
        """Return what counts for a host."""
        return self._as_in_play(host) if host in self._in_play else dict(self._hostvars.raw_get(host))

    def if_in_play(self, host: str) -> Optional[Dict[str, Any]]:
        """Return what would count for a host outside the play if it were in it; None for a host of the play."""
        return None if host in self._in_play else self._as_in_play(host)

    def _as_in_play(self, host: str) -> Dict[str, Any]:
        """Return the inventory's variables under those of the play, its files, roles, blocks and this task, facts that were set, and `-e`."""
        found = self._hostvars._inventory.get_host(host)
        return dict(self._hostvars._variable_manager.get_vars(play=self._play, host=found, task=self._task, include_hostvars=False))


def _find_play(task: Any) -> Any:
    place = task
    while place is not None:
        play = getattr(place, "_play", None)
        if play is not None:
            return play
        place = getattr(place, "_parent", None)
    return None
