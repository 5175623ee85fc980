# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What is asked and what was found, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Optional

from .._model.place import HOST, Place

PING, TCP, UDP, MTU, NAME = "ping", "tcp", "udp", "mtu", "name"
TYPES = (PING, TCP, UDP, MTU, NAME)
PASS, REFUSE, ERROR = "pass", "refuse", "error"


@dataclass(frozen=True)
class Location:
    """A network namespace: where it is, and the word for it in results. An empty path is the host's own."""

    path: str = ""
    label: str = "host"
    container: Place = HOST  # whose namespace it is; still to be found
    fault: str = ""  # why it was not found


@dataclass(frozen=True)
class Check:
    """One thing to try from one location."""

    name: str
    origin: Location
    type: str
    address: str
    target: str  # the word for the address in the matrix
    port: int = 0
    size: int = 0  # bytes of the whole IP packet; 0 leaves it open
    timeout: float = 2.0
    count: int = 3
    expect: str = PASS
    expect_banner: str = ""
    server: str = ""
    record: str = "A"


@dataclass(frozen=True)
class Responder:
    """A socket that answers with a name."""

    name: str
    location: Location
    protocol: str
    address: str  # "" is every address
    port: int


@dataclass(frozen=True)
class Outcome:
    """What one attempt showed. `found` holds further results of the check's type."""

    outcome: str
    detail: str
    found: Optional[Dict[str, object]] = None


@dataclass(frozen=True)
class Result:
    """A check with its outcome."""

    check: Check
    outcome: Outcome
    milliseconds: float

    @property
    def ok(self) -> bool:
        return self.outcome.outcome == self.check.expect

    @property
    def line(self) -> str:
        """Return the sentence of a failure."""
        port = " port %d" % self.check.port if self.check.port else ""
        wish = "should %s" % self.check.expect if self.outcome.outcome != ERROR else "could not be tried"
        words = (self.check.name, self.check.type, self.check.origin.label, self.check.address, port, wish, self.outcome.detail)
        return "%s: %s from %s to %s%s %s: %s" % words

    def as_dict(self) -> Dict[str, object]:
        values: Dict[str, object] = {
            "name": self.check.name,
            "from": self.check.origin.label,
            "to": self.check.target,
            "type": self.check.type,
            "address": self.check.address,
            "port": self.check.port or None,
            "expect": self.check.expect,
            "outcome": self.outcome.outcome,
            "ok": self.ok,
            "detail": self.outcome.detail,
            "milliseconds": round(self.milliseconds, 3),
        }
        values.update(self.outcome.found or {})
        return values
