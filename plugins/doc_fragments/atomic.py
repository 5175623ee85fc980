# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # For modules that make one object a task. Keep in step with ATOMIC_OPTIONS in plugins/module_utils/_ansible/run.py.
    DOCUMENTATION = r"""
options:
  state:
    description:
      - V(present) makes it and keeps it as asked.
      - V(absent) removes it. What this collection did not make, or made for another O(scope), is refused, never removed.
    type: str
    choices: [present, absent]
    default: present
  scope:
    description: The owner written into what is made. Keep it apart from the scopes of M(netloom.container_net.topology).
    type: str
    default: tasks
  lock_timeout:
    description: Seconds to wait for another run on the same host to end.
    type: float
    default: 60.0
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - Needs root on the host.
  - A namespace that gets an interface has its C(lo) up from then on. Where it was down before, it is lowered again with the last interface of O(scope) there.
  - A task tells what it makes by its name, so another name means another object. Where interfaces are to get other names and stay what they are, use
    M(netloom.container_net.topology), which tells them by container and network.
  - To make many objects, use M(netloom.container_net.topology), which does a whole host in one task.
seealso:
  - module: netloom.container_net.topology
author:
  - The netloom.container_net authors (@netloom)
"""
