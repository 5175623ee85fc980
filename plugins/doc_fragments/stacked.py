# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # For modules that make a device on top of another. Keep in step with STACKED_OPTIONS in plugins/module_utils/_ansible/stacked.py.
    DOCUMENTATION = r"""
options:
  namespace:
    description:
      - Make the device inside this network namespace, the name of a named one or the absolute path of a namespace file. Default is the host's own.
    type: str
  parent:
    description:
      - Interface it stands on, such as V(eth1), or V(eth1.30) for a VLAN device that exists. Required for O(state=present).
    type: str
  parent_namespace:
    description:
      - Namespace of O(parent), a name or an absolute path. Default is the host's own, also where O(namespace) is given.
    type: str
  mtu:
    description:
      - MTU in bytes, 68 to 65535, at most that of O(parent). Default is that of O(parent) when the device is made.
    type: int
  addresses:
    description:
      - Addresses with prefix length, IPv4 or IPv6. Those that this module gave the interface before and that are no longer listed are removed; others are left.
    type: list
    elements: str
  up:
    description:
      - Whether the device is raised.
    type: bool
    default: true
"""
