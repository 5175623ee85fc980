# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the tests are shared out among pytest-xdist's workers; a plugin only where pytest-xdist is, which guests have not."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

CHECKOUT = Path(__file__).resolve().parents[3]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return OneByOne(config, log)


class OneByOne(LoadScopeScheduling):
    """Gives a test to whoever is free, but those of a file that has a common set-up to the same worker."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if has_common_setup(CHECKOUT / file) else nodeid


@functools.lru_cache(maxsize=None)
def has_common_setup(file: Path) -> bool:
    return 'scope="module"' in file.read_text(encoding="utf-8")
