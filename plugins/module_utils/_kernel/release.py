# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Which Linux this is: only where it cannot be asked for what it does."""

from __future__ import annotations

import os
import re
from typing import Tuple


def kernel_release() -> Tuple[int, ...]:
    """Return the first two numbers of the kernel's release."""
    return tuple(int(number) for number in re.findall(r"\d+", os.uname().release)[:2])
