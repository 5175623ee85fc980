# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Where an interface in a namespace leads. Keep in step with leading_options in plugins/module_utils/_ansible/leading.py.
    DOCUMENTATION = r"""
options:
  gateway:
    description:
      - Gateway of the default route of this interface, at most one of each IP version, a neighbour in the subnet of one of its addresses.
        Only with O(namespace). A default route that somebody else made is never replaced.
      - One that this module gave the interface before and that is no longer listed is removed.
    type: list
    elements: str
  routes:
    description:
      - Further routes that leave by this interface. Only with O(namespace).
        Those that this module gave it before and that are no longer listed are removed.
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
"""

    @property
    def PEER(self) -> str:
        """The same of the other end of a pair."""
        words = {
            "  gateway:\n    d": "  peer_gateway:\n    d",
            "  routes:": "  peer_routes:",
            "O(namespace)": "O(peer_namespace)",
            "this interface": "the other end",
        }
        text = self.DOCUMENTATION
        for own, other in words.items():
            text = text.replace(own, other)
        return text
