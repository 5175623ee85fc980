# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import errno
from typing import Optional

from .check import REFUSE, Outcome

NO_ANSWER = "no answer"
# How the network, or this host's routes and rules, say no. Any other error is a fault of the attempt itself.
_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.ETIMEDOUT: NO_ANSWER,
    errno.ENETUNREACH: "no route",
    errno.EHOSTUNREACH: "host unreachable",
    errno.EHOSTDOWN: "host does not answer",
    errno.ENETDOWN: "the interface is down",
    errno.EADDRNOTAVAIL: "no address of this family here",
    errno.EAFNOSUPPORT: "no address of this family here",
    errno.EACCES: "prohibited by a route or firewall rule",
    errno.EPERM: "not let out by a firewall rule here",
    errno.EINVAL: "thrown away by a blackhole route",
    errno.EMSGSIZE: "packet too big",
}


def explain(error: OSError) -> str:
    """Return the plain words for an error of a socket."""
    return _WORDS.get(error.errno or 0) or error.strerror or str(error)


def as_refusal(error: OSError) -> Optional[Outcome]:
    """Return the refusal an error stands for, or None when the attempt itself went wrong."""
    return Outcome(REFUSE, explain(error)) if error.errno in _WORDS else None
