"""Let `ansible-test` make its virtual environments without a download: pip_bootstrap.py CACHE-FOLDER.

It wants a bootstrap script from a web site to bring pip into each of them. The interpreter carries pip itself, in ensurepip, so a script that
calls it is put under the name `ansible-test` looks for in its cache.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

from ansible_test._internal.python_requirements import get_venv_packages


def main() -> None:
    cache = Path(sys.argv[1])
    cache.mkdir(parents=True, exist_ok=True)
    for minor in range(8, 16):
        version = get_venv_packages(SimpleNamespace(version="3.%d" % minor))["pip"]
        (cache / ("get_pip_%s.py" % version.replace(".", "_"))).write_text("import ensurepip\n\nensurepip.bootstrap()\n")


if __name__ == "__main__":
    main()
