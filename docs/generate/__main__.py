# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write what is made from the schema of the declaration and from the table of threats."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List

from .fragment import make_fragment
from .json_schema import make_json_schema
from .page import make_page
from .threats import make_threats

ROOT = Path(__file__).resolve().parents[2]


def make_all() -> Dict[Path, str]:
    return {
        ROOT / "plugins" / "doc_fragments" / "declaration.py": make_fragment(),
        ROOT / "docs" / "docsite" / "rst" / "declaration.rst": make_page(),
        ROOT / "docs" / "schema" / "container_net.schema.json": make_json_schema(),
        ROOT / "docs" / "docsite" / "rst" / "threats.rst": make_threats(ROOT / "tests" / "threats.yml"),
    }


def list_old() -> List[str]:
    """Return the files that are not what the schema makes of them."""
    made = make_all()
    return [str(path.relative_to(ROOT)) for path in made if not path.is_file() or path.read_text(encoding="utf-8") != made[path]]


def main() -> None:
    for path, text in make_all().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
