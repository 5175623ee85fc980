# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict, List, Set

from ansible import context
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: runs
type: notification
short_description: Write what each run of a playbook did as a line of JSON into the file that TEST_RUNS names
description: For the tests of this collection.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "runs"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.disabled = "TEST_RUNS" not in os.environ
        self._playbook = ""
        self._steps: Dict[str, List[str]] = {}
        self._sent: Dict[str, int] = {}
        self._probed: Set[str] = set()

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._playbook = Path(playbook._file_name).stem

    def v2_runner_on_ok(self, result: Any) -> None:
        host = result._host.get_name()
        for each in (result._result, *result._result.get("results", ())):
            if isinstance(each, dict) and "actions" in each:
                self._steps.setdefault(host, []).extend(each["actions"])
                sent = each["statistics"]["netlink_changes"] + each["statistics"]["firewall_restores"]
                self._sent[host] = self._sent.get(host, 0) + sent
            elif isinstance(each, dict) and {"address", "type", "outcome"} <= set(each):
                self._probed.add("%d %s %s" % (6 if ":" in each["address"] else 4, each["type"], each["outcome"]))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        run = {"playbook": self._playbook, "check": bool(context.CLIARGS["check"]), "steps": self._steps, "sent": self._sent, "probed": sorted(self._probed)}
        with open(os.environ["TEST_RUNS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(run) + "\n")
