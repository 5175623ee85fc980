"""Bring the pip that the interpreter carries into the virtual environment that runs this: unpacked, without a run of it that compiles all of it.

Run as a script, and put by `sanity.sh` under the names that `ansible-test` looks for in its cache instead of downloading such a script.
"""

from __future__ import annotations

import ensurepip
import sysconfig
import zipfile
from pathlib import Path


def main() -> None:
    # The second folder is where distributions keep what they took out of the first.
    wheels = [wheel for folder in (Path(ensurepip.__file__).with_name("_bundled"), Path("/usr/share/python-wheels")) for wheel in folder.glob("pip-*.whl")]
    with zipfile.ZipFile(wheels[0]) as archive:
        archive.extractall(sysconfig.get_path("purelib"))


if __name__ == "__main__":
    main()
