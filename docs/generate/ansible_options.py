# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules and roles document of themselves."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

import yaml

ROOT = Path(__file__).resolve().parents[2]


def _documentation(path: Path) -> Dict[str, Any]:
    """Return the DOCUMENTATION of a module or of a fragment."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            found: Dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))
            return found
    return {}


def module_options(module: str) -> Dict[str, Any]:
    """Return the options of a module, with those that fragments add."""
    documentation = _documentation(ROOT / "plugins" / "modules" / (module + ".py"))
    options: Dict[str, Any] = dict(documentation["options"])
    for fragment in documentation["extends_documentation_fragment"]:
        added = _documentation(ROOT / "plugins" / "doc_fragments" / (fragment.split(".")[2] + ".py")).get("options", {})
        for name, option in added.items():
            options[name] = {**option, **options.get(name, {})}
    return options


def role_options() -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Yield each role with its variables."""
    for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        yield path.parents[1].name, yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
