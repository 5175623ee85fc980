# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read back of a limit is what was declared, whatever its rate and burst: the kernel keeps the burst as a time."""

from __future__ import annotations

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.feature_probe import LOOPBACK_NUMBER, apart, lacks_limits
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.limit import (
    change_limit,
    create_limit,
    delete_limit,
    limits_request,
    parse_limit,
)
from ansible_collections.netloom.container_net.plugins.module_utils._model.amount import Rate, Size
from ansible_collections.netloom.container_net.plugins.module_utils._model.limits import BURST, LONGEST_BURST, RATE
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Limit

RATES = sorted({*RATE, 9000, 77_000, 10**6, 3_333_000, 10**8, 10**9, 9_999_999_000, 27 * 10**9})


def test_what_is_made_is_read_back() -> None:
    tried = 0
    with apart() as unseen:
        if not unseen:
            pytest.skip("no right to a namespace")
        with Door().open("") as line:
            for number, rate in enumerate(map(Rate, RATES)):
                longest = min(BURST[1], rate.during(LONGEST_BURST)) // 1024 * 1024
                for burst in sorted({Size(1024), Size(17 * 1024), Size(longest // 3072 * 1024), Size(longest - 1024), Size(longest)}):
                    limit = Limit("", "", rate, burst, Size(burst + 16384))
                    send = change_limit if tried else create_limit
                    assert line.change([send(limit, LOOPBACK_NUMBER)]) == [], (number, limit)
                    (found,) = [raw for raw in map(parse_limit, line.dump(limits_request())) if raw is not None]
                    assert found == (LOOPBACK_NUMBER, limit, True)
                    tried += 1
            assert line.change([delete_limit(LOOPBACK_NUMBER)]) == []
            assert [raw for raw in map(parse_limit, line.dump(limits_request())) if raw is not None] == []
    assert tried >= 30


def test_the_trial_tells_that_this_kernel_has_them() -> None:
    assert not lacks_limits()
