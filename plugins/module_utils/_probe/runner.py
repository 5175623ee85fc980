# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Dict, List, Sequence

from .._model.errors import ContainerNetError
from .check import ERROR, MTU, NAME, PING, TCP, UDP, Check, Outcome, Result
from .dns import look_up
from .icmp import find_path_mtu, ping
from .namespace import enter
from .refusal import as_refusal
from .transport import connect_tcp, send_udp

AT_ONCE = 256
_ATTEMPTS: Dict[str, Callable[[Check], Outcome]] = {PING: ping, TCP: connect_tcp, UDP: send_udp, MTU: find_path_mtu, NAME: look_up}


def run_checks(checks: Sequence[Check]) -> List[Result]:
    """Run all checks side by side, each in the namespace it starts from."""
    if not checks:
        return []
    # A network namespace belongs to a thread, so a pool of threads needs no process per namespace.
    with ThreadPoolExecutor(max_workers=min(len(checks), AT_ONCE)) as pool:
        return list(pool.map(_run, checks))


def _run(check: Check) -> Result:
    began = time.monotonic()
    outcome = _attempt(check)
    return Result(check, outcome, (time.monotonic() - began) * 1000)


def _attempt(check: Check) -> Outcome:
    try:
        enter(check.origin)
    except ContainerNetError as error:
        return Outcome(ERROR, str(error))
    try:
        return _ATTEMPTS[check.type](check)
    except ContainerNetError as error:
        return Outcome(ERROR, str(error))
    except OSError as error:
        return as_refusal(error) or Outcome(ERROR, str(error))
