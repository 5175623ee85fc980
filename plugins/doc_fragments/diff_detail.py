# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  diff_detail:
    description:
      - How much the text of C(--diff) tells. RV(actions) always has every step.
      - It begins with the words of the declaration, such as C(+ network web (bridge br-web, 10.20.0.0/24)) or C(~ port 8080/tcp → shop:81 (was shop:80)), and
        their sum.
      - V(summary) adds the numbers of kernel objects and firewall rules, V(objects) a line for each kernel object and the number of rules, V(all) everything
        that is asked of each object, and each rule.
    type: str
    choices: [summary, objects, all]
    default: objects
"""
