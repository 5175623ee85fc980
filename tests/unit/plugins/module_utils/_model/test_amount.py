# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Amounts are written with the largest unit that divides them: by thousands for bits, by 1024 for bytes."""

from __future__ import annotations

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._document.amounts import read_burst, read_rate
from ansible_collections.netloom.container_net.plugins.module_utils._model.amount import Rate, Size

RATES = {"8kbit": 8000, "1mbit": 10**6, "1500kbit": 1_500_000, "1gbit": 10**9, "32gbit": 32 * 10**9}
SIZES = {"1kib": 1024, "1025kib": 1025 * 1024, "1mib": 2**20, "256mib": 2**28}


@pytest.mark.parametrize("text", RATES)
def test_rate(text: str) -> None:
    assert read_rate(text, "", []) == RATES[text]
    assert str(Rate(RATES[text])) == text


@pytest.mark.parametrize("text", SIZES)
def test_size(text: str) -> None:
    assert read_burst(text, "", []) == SIZES[text]
    assert str(Size(SIZES[text])) == text


def test_the_same_rate_in_other_units_is_the_same() -> None:
    assert read_rate("1000mbit", "", []) == read_rate("1gbit", "", []) == 10**9
    assert str(read_rate("1000mbit", "", [])) == "1gbit"


def test_what_no_declaration_can_say() -> None:
    """A bucket that was changed by hand may have any size."""
    assert str(Rate(12345)) == "12345bit"
    assert str(Size(1000)) == "1000"
    assert str(Size(0)) == "0"


def test_bytes_in_a_time() -> None:
    assert Rate(10**8).during(0.01) == 125_000
    assert Size.above(125_000) == 123 * 1024
    assert Size.above(2048) == 2048
