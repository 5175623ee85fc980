"""Print this machine's pip settings, those from PIP_* variables included, as one pip.conf.

`ansible-test` passes no PIP_* variable on and the sanity gate gives it a home of its own, so they would be lost.
"""

from __future__ import annotations

import ast
import subprocess
import sys


def main() -> None:
    listing = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True).stdout
    print("[global]")
    pairs = [(key, ast.literal_eval(value)) for key, dummy, value in (line.partition("=") for line in listing.splitlines())]
    settings = {key[len("global.") :]: value for key, value in pairs if key.startswith("global.")}
    settings.update({key[len(":env:.") :]: value for key, value in pairs if key.startswith(":env:.")})
    for name, value in settings.items():
        print("%s = %s" % (name, " ".join(value.split())))


if __name__ == "__main__":
    main()
