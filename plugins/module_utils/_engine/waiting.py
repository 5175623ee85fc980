# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Waiting for what the host does not have yet: links, addresses, a default route. For a confirmation the guard waits."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

from .._model.errors import InputError, Problem

POLL_INTERVAL = 0.2
LEAST, MOST = 5, 3600  # seconds for a confirmation
Result = TypeVar("Result")


def await_host(attempt: Callable[[], Result], seconds: float) -> Result:
    """Repeat an attempt while nothing is wrong but what may still come; such an attempt has changed nothing."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except InputError as error:
            left = deadline - time.monotonic()
            if not error.may_pass or left <= 0:
                raise
        time.sleep(min(left, POLL_INTERVAL))


def validate_confirm_timeout(seconds: int) -> None:
    if seconds and not LEAST <= seconds <= MOST:
        rule = "must be 0 (off) or from %d to %d seconds" % (LEAST, MOST)
        raise InputError((Problem("confirm_timeout", seconds, rule, "60 suits most hosts"),))
