# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import yaml

SITE = Path(__file__).resolve().parents[3] / "playbooks" / "site.yml"


def test_the_roles_have_tags() -> None:
    """`--tags fleet` runs the role fleet, and does not leave out everything."""
    (play,) = yaml.safe_load(SITE.read_text(encoding="utf-8"))
    assert [(entry["role"].rpartition(".")[2], entry["tags"]) for entry in play["roles"]] == [("host_prepare", ["host_prepare"]), ("fleet", ["fleet"])]
