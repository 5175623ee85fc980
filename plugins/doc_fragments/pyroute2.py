# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Keep in step with PYROUTE2_FLOOR in plugins/module_utils/_kernel/netlink.py; a unit test compares them.
    DOCUMENTATION = r"""
options: {}
requirements:
  - Python >= 3.9 on the host where the module runs
  - pyroute2 >= 0.7.2 on the host where the module runs
notes:
  - The library must be visible to the Python that Ansible uses on the host.
    On Debian and Ubuntu it is the package C(python3-pyroute2), for C(/usr/bin/python3).
"""
