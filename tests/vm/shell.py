# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Boots the guests, and gives a shell in their inventory's folder; they go off when it ends. `tests/gates/vm.sh shell` calls it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from guests.fleet import Fleet

HELP = """\
ssh -F ssh_config vm1 (or vm2), ansible-playbook netloom.container_net.site, and pytest in the checkout work on the guests that are up.
Variables are in group_vars and host_vars. exit switches the guests off."""


def main() -> None:
    """Stay until the shell ends."""
    with tempfile.TemporaryDirectory(prefix="container-net-vm-") as folder:
        fleet = Fleet(Path(folder))
        try:
            fleet.start()
            fleet.declare({})
            print("%s\n%s" % (folder, HELP), flush=True)
            subprocess.run([os.environ.get("SHELL", "sh")], cwd=folder, env=fleet.environment | {"CONTAINER_NET_VM_FLEET": folder}, check=False)
        finally:
            fleet.stop()


if __name__ == "__main__":
    main()
