# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any, List
from zipfile import ZipFile
from zipimport import zipimporter

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.archive import Archive

FILES = ("whole/__init__.py", "whole/inner/__init__.py", "whole/inner/part.py")


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    archive = tmp_path / "packed.zip"
    with ZipFile(archive, "w") as file:
        for name in FILES:
            file.writestr(name, "HERE = __file__\n")
    return archive


@pytest.mark.parametrize(("folder", "module"), [("", "whole"), ("/whole", "whole.inner"), ("/whole/inner", "whole.inner.part")])
def test_the_name_is_that_of_python(folder: str, module: str, packed: Path) -> None:
    name = Archive(str(packed) + folder).get_filename(module)
    assert name == zipimporter(str(packed) + folder).get_filename(module)
    assert name in [str(packed / file) for file in FILES]


def test_a_file_is_compiled_once(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason for all this: that of Python compiles it for its name, too."""
    compiled: List[str] = []
    original = builtins.compile

    def note(source: Any, name: Any, *arguments: Any, **named: Any) -> Any:
        compiled.append(str(name))
        return original(source, name, *arguments, **named)

    monkeypatch.setattr(builtins, "compile", note)
    importer = Archive(str(packed) + "/whole/inner")
    importer.get_filename("whole.inner.part")
    importer.get_code("whole.inner.part")
    assert compiled == [str(packed / FILES[2])]
