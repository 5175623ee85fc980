# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All 150 bad inputs are asserted somewhere: catalogue.yml says where."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from bad_documents import CASES
from named_tests import find_missing

CATALOGUE = yaml.safe_load(Path(__file__).with_name("catalogue.yml").read_text(encoding="utf-8"))


def test_all_of_them_are_there() -> None:
    assert [number for first, last, *_row in CATALOGUE for number in range(first, last + 1)] == list(range(1, 151))
    ids = {case["id"] for case in CASES}
    for first, _last, what, *shown in CATALOGUE:
        assert what, first
        assert shown, first
        assert [name for name in shown if "::" not in name and name not in ids] == [], first
        assert find_missing(" ".join(name for name in shown if "::" in name)) == [], first


@pytest.mark.parametrize("text", ["name: !!python/object:os.system ls", "name: !!python/object/apply:os.getcwd []"])
def test_what_the_loader_of_yaml_refuses(text: str) -> None:
    """Ansible's own, before anything of ours is asked; of a key that is there twice it warns, and takes the last."""
    loader = pytest.importorskip("ansible.parsing.dataloader", reason="no controller here: its loader of YAML is tested beside it").DataLoader()
    with pytest.raises(Exception, match=r"python/object"):
        loader.load(text)
    assert loader.load("{name: web, name: db}") == {"name": "db"}
