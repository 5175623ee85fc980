# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Machines of systemd-machined, such as systemd-nspawn's, as it notes them itself: nobody has to be asked, and nothing is started by asking."""

from __future__ import annotations

import os
import time
from datetime import datetime, timezone
from typing import Dict, Iterator, Mapping, Sequence, Union

from .._model.errors import ContainerNotRunning, NamespaceMissing
from .._model.place import MACHINE
from .container import Container, Found
from .engine_event import EngineEvent

DIRECTORY = "/run/systemd/machines"
POLL_INTERVAL = 0.1


def inspect_machines(references: Sequence[str]) -> Found:
    """Look up machines by their names."""
    return {reference: _inspect(reference) for reference in references}


def _inspect(name: str) -> Union[Container, NamespaceMissing]:
    path = os.path.join(DIRECTORY, name)
    try:
        noted = _read(path) if os.path.dirname(path) == DIRECTORY else {}
    except FileNotFoundError:
        return ContainerNotRunning("no machine '%s' is registered with systemd-machined; start it, then run again" % name)
    except OSError as error:
        return NamespaceMissing("machine '%s': %s: %s" % (name, path, error.strerror))
    leader, unit, since = noted.get("LEADER", ""), noted.get("SCOPE", ""), noted.get("REALTIME", "")
    if not (leader.isdecimal() and unit and since.isdecimal()):
        return ContainerNotRunning("machine '%s': %s has no LEADER, SCOPE and REALTIME yet; run again when it is up" % (name, path))
    started = datetime.fromtimestamp(int(since) / 1e6, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return Container(MACHINE, name, unit, name, "running", int(leader), started, network_mode="", sandbox="")


def follow_machines() -> Iterator[EngineEvent]:
    """Yield an event without a name at first, and one for each machine that starts or ends."""
    before = _list_leaders()
    yield EngineEvent(MACHINE)
    while True:
        time.sleep(POLL_INTERVAL)
        now = _list_leaders()
        for name in sorted(before.keys() | now.keys()):
            if before.get(name) != now.get(name):
                yield EngineEvent(MACHINE, name, begins=name in now)
        before = now


def _list_leaders() -> Dict[str, str]:
    """Return the leader of each machine; where nobody notes machines, there are none."""
    leaders: Dict[str, str] = {}
    try:
        names = os.listdir(DIRECTORY)
    except FileNotFoundError:
        return leaders
    for name in names:
        if ":" in name or name.startswith("."):
            continue  # a link from a unit to its machine, or a file that is being written
        try:
            leaders[name] = _read(os.path.join(DIRECTORY, name)).get("LEADER", "")
        except OSError:
            continue  # it has just ended
    return leaders


def _read(path: str) -> Mapping[str, str]:
    """Return what is noted of a machine; a backslash, which names of units have, is written twice."""
    with open(path, encoding="utf-8", errors="replace") as stream:
        pairs = (line.rstrip("\n").partition("=") for line in stream if not line.startswith("#"))
        return {key: value.strip('"').replace("\\\\", "\\") for key, _equals, value in pairs}
