# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes down what the host looked like after each task; the play runs on that host itself."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.snapshot import take_snapshot

DOCUMENTATION = """
name: snapshots
type: notification
short_description: Write a snapshot of this host after each task as a line of JSON into the file that TEST_SNAPSHOTS names
description: For the tests of this collection.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "snapshots"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.disabled = "TEST_SNAPSHOTS" not in os.environ

    def _write(self, result: Any) -> None:
        with open(os.environ["TEST_SNAPSHOTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps({"task": result._task.get_name(), "snapshot": take_snapshot(sysctls=False)}) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write(result)
