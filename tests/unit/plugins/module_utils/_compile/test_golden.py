# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the compiler over golden/*.yml: a declaration and what is known of the host, and the kernel objects it means.

`objects` are all of them in their order, `among` are some of them; both are compared field by field.
`labels` are the labels of all, `never` labels that must not be there, `error` is the refusal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._compile.document import compile_document
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import EnvironmentUnfit
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.rows import unfolded
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts
from golden_files import read_cases
from object_rows import read_object

WORDS = ("what", "document", "facts", "objects", "among", "labels", "never", "error")


def read_facts(raw: Dict[str, Any]) -> Facts:
    values = dict(raw)
    links = [item for item in map(read_object, values.pop("links", ())) if isinstance(item, Link)]
    values["entries"] = tuple(map(read_object, values.pop("entries", ())))
    pairs = {name: tuple(tuple(pair) for pair in values.pop(name, ())) for name in ("addresses", "routes", "accept_ra")}
    return Facts(links={link.name: link for link in links}, **pairs, **values)


@pytest.mark.parametrize("case", read_cases(Path(__file__).with_name("golden"), WORDS))
def test_case(case: Dict[str, Any]) -> None:
    document = read_document(case["document"])
    facts = read_facts(case.get("facts", {}))
    if "error" in case:
        with pytest.raises(EnvironmentUnfit) as caught:
            compile_document(document, facts)
        assert str(caught.value) == case["error"]
        return
    found = list(unfolded(compile_document(document, facts)))
    labels = [item.label for item in found]
    if "objects" in case:
        assert found == [read_object(row) for row in case["objects"]]
    for row in case.get("among", ()):
        expected = read_object(row)
        assert [item for item in found if item.key == expected.key] == [expected]
    if "labels" in case:
        assert labels == case["labels"]
    assert not set(labels).intersection(case.get("never", ()))
    assert set(case) & {"objects", "among", "labels", "never"}


def test_compiling_is_pure_and_stable() -> None:
    raw = {
        "networks": [{"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}],
        "endpoints": [{"name": "api", "container": {"netns": "api"}, "networks": ["web"]}],
    }
    first, second = (compile_document(read_document(raw), Facts()) for _round in range(2))
    assert first == second
    assert len({item.key for item in first}) == len(first)
