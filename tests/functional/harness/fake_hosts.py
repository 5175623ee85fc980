# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The markers fake_host and threat, for every floor whose tests run on hosts of harness/host.py; conftest registers it as a plugin."""

from __future__ import annotations

from typing import Optional

import pytest

from harness.host import on_fake_host
from harness.threats import MARKER


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fake_host(timeout=170): the test runs in a child that is a host of its own, see harness/host.py")
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Optional[bool]:
    marker = pyfuncitem.get_closest_marker("fake_host")
    if marker is None:
        return None
    wanted = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted}
    on_fake_host(lambda: pyfuncitem.obj(**arguments), **marker.kwargs)
    return True
