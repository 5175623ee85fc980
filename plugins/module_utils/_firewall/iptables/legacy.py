# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The older of the kernel's two interfaces for iptables."""

from __future__ import annotations

from typing import Tuple

from ..base import RunCommand


def legacy_tables(run: RunCommand, family: int) -> Tuple[str, ...]:
    """Return the tables that the older kernel interface holds, without making it hold more, as its own tool would."""
    code, out, _err = run(["cat", "/proc/self/net/%s_tables_names" % ("ip" if family == 4 else "ip6")], None)
    return tuple(out.split()) if code == 0 else ()
