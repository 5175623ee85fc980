# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._engine.modes import validate_wait_timeout
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError


@pytest.mark.parametrize("seconds", [-0.1, 3600.5, float("inf"), float("nan")])
def test_a_wait_without_an_end_is_refused(seconds: float) -> None:
    with pytest.raises(InputError, match=r"nothing was changed:\n- wait_timeout: got float .*: 0 to 3600 seconds; 0 does not wait$"):
        validate_wait_timeout(seconds)


@pytest.mark.parametrize("seconds", [0.0, 0.5, 3600.0])
def test_a_wait_of_up_to_an_hour(seconds: float) -> None:
    validate_wait_timeout(seconds)
