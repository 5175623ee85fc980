# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of threats, from the table that the tests of attacks name."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any, Dict, List

import yaml

WIDTH = 140
TOP = """..
  Copyright (c) 2026, the netloom.container_net authors
  GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

..
  Made from tests/threats.yml: `make generate` writes it anew.

.. _ansible_collections.netloom.container_net.docsite.threats:

Threats
=======

Who might attack whom, what holds it off by default, and what does not. Each attack is played with real packets, over IPv4 and IPv6, with ``iptables`` in
both its variants and with ``nftables``: it gets through where the protection is off, it does not with the defaults, and who has a right to is served all
the while. From a checkout, this plays them all and prints what became of each:

.. code-block:: console

  make threats
"""
LIST = """
.. list-table::
  :header-rows: 1
  :widths: 8 46 46

  * - Row
    - Attack
    - What holds it off
"""


def make_threats(table: Path) -> str:
    rows: List[Dict[str, Any]] = yaml.safe_load(table.read_text(encoding="utf-8"))
    return TOP + LIST + "".join(_tell(row) for row in rows)


def _tell(row: Dict[str, Any]) -> str:
    answer = [row["answer"]]
    if "opened_by" in row:
        answer.append("Opened by %s." % row["opened_by"])
    if "not_held" in row:
        answer.append("**Not held:** " + row["not_held"])
    cells = [row["id"], row["attack"], " ".join(answer)]
    lines = [textwrap.fill(cell, WIDTH, initial_indent="    - ", subsequent_indent="      ") for cell in cells]
    return "\n".join(["  *" + lines[0][3:], *lines[1:]]) + "\n"
