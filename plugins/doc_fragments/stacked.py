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
  gateway:
    description:
      - Gateway of the default route, at most one of each IP version, a neighbour in the subnet of one of its addresses.
        Only with O(namespace). A default route that somebody else made is never replaced.
      - One that this module gave the interface before and that is no longer listed is removed.
    type: list
    elements: str
  routes:
    description:
      - Further routes that leave by the device. Only with O(namespace). Those that this module gave it before and that are no longer listed are removed.
    type: list
    elements: dict
    suboptions:
      destination:
        description:
          - Subnet that the route leads to.
        type: str
        required: true
      gateway:
        description:
          - Neighbour that takes the packets further. Default is none, for what is on the segment itself.
        type: str
      metric:
        description:
          - Metric, 0 to 4294967295. The lowest wins among routes of one destination; 0 is the usual one, which is 1024 for IPv6.
        type: int
        default: 0
  up:
    description:
      - Whether the device is raised.
    type: bool
    default: true
"""
