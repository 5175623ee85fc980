# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import builtins
import inspect
import subprocess
import sys
import zipimport
from pathlib import Path
from typing import Any, List
from zipfile import ZipFile

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._ansible import archive
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.archive import Archive

FILES = ("whole/__init__.py", "whole/inner/__init__.py", "whole/inner/part.py")


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    found = tmp_path / "packed.zip"
    with ZipFile(found, "w") as file:
        for name in FILES:
            file.writestr(name, "HERE = __file__\n")
    return found


@pytest.mark.parametrize(("folder", "module"), [("", "whole"), ("/whole", "whole.inner"), ("/whole/inner", "whole.inner.part")])
def test_the_name_is_that_of_python(folder: str, module: str, packed: Path) -> None:
    name = Archive(str(packed) + folder).get_filename(module)
    assert name == zipimport.zipimporter(str(packed) + folder).get_filename(module)
    assert name in [str(packed / file) for file in FILES]


def test_a_file_is_compiled_once(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason for all this: that of Python compiles it for its name, too."""
    compiled: List[str] = []
    original = builtins.compile

    def note(source: Any, name: Any, *arguments: Any, **named: Any) -> Any:
        compiled.append(str(name))
        return original(source, name, *arguments, **named)

    monkeypatch.setattr(builtins, "compile", note)
    # While gates run, Python keeps bytecode, and would compile nothing twice.
    monkeypatch.setattr(zipimport, "_compile_source", inspect.unwrap(zipimport._compile_source))  # type: ignore[attr-defined]
    importer = Archive(str(packed) + "/whole/inner")
    importer.get_filename("whole.inner.part")
    importer.get_code("whole.inner.part")
    assert compiled == [str(packed / FILES[2])]


@pytest.mark.parametrize("zipped", [True, False], ids=["as Ansible sends it", "as a file"])
def test_the_collector_rests_in_a_task_only(zipped: bool, tmp_path: Path) -> None:
    source = Path(archive.__file__)
    with ZipFile(tmp_path / "sent.zip", "w") as file:
        file.write(source, source.name)
    place = tmp_path / "sent.zip" if zipped else source.parent
    command = [sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv[1]); import archive, gc; print(gc.isenabled())", str(place)]
    assert subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout == "%s\n" % (not zipped)
