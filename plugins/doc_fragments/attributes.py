# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # A module that extends this says for itself how far it supports each of the first three.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and predict what it would change, without changing anything.
  diff_mode:
    description: Returns details on what has changed, or would change in C(check_mode), when in C(diff) mode.
  idempotent:
    description: When run twice in a row outside C(check_mode) with the same arguments, the second run changes nothing.
  platform:
    description: The operating systems it can run on.
    platforms: Linux
    support: full
"""

    # Keep in step with action_groups in meta/runtime.yml; a unit test compares them.
    ACTIONGROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/netloom.container_net.container_net) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - netloom.container_net.container_net
"""

    # For modules that only read.
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module changes nothing.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing.
  idempotent:
    support: full
    details:
      - This module changes nothing.
"""
