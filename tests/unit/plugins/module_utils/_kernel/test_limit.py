# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read back of a limit is what was declared, whatever its rate and burst: the kernel keeps the burst as a time."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import List, Optional, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door, read_attributes
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.feature_probe import LOOPBACK_NUMBER, apart, lacks_limit
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.limit import (
    INSIDE,
    ROOT,
    RawLimit,
    change_limit,
    create_limit,
    delete_limit,
    limits_request,
    parse_limits,
)
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.netlink import NLM_F_EXCL, RTM_NEWQDISC
from ansible_collections.netloom.container_net.plugins.module_utils._model.amount import Duration, Rate, Share, Size
from ansible_collections.netloom.container_net.plugins.module_utils._model.limits import BURST, LONGEST_BURST, RATE
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Limit, Netem

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
                    send = change_limit(limit, limit, LOOPBACK_NUMBER) if tried else create_limit(limit, LOOPBACK_NUMBER)
                    assert line.change(send) == [], (number, limit)
                    assert parse_limits(line.dump(limits_request())) == [RawLimit(LOOPBACK_NUMBER, limit, True)]
                    tried += 1
            assert line.change([delete_limit(LOOPBACK_NUMBER)]) == []
            assert parse_limits(line.dump(limits_request())) == []
    assert tried >= 30


BUCKET = Limit("", "", Rate(10**6), Size(16384), Size(32768))
FULL = Netem(Duration(20_000), Duration(1_500), Share(5_000), Share(10_000), Share(250_000), 1000)
ALONE = Limit("", "", Rate(0), netem=FULL)
BOTH = replace(BUCKET, netem=FULL)
# How they are written: kinds of message and discipline, parent.
MADE, GONE = "made", "gone"
ROOT_TBF, ROOT_NETEM, INNER_NETEM = ("tbf", ROOT), ("netem", ROOT), ("netem", INSIDE)


@pytest.mark.parametrize(
    ("current", "wanted", "written"),
    [
        (None, BUCKET, [(MADE, *ROOT_TBF)]),
        (None, ALONE, [(MADE, *ROOT_NETEM)]),
        (None, BOTH, [(MADE, *ROOT_TBF), (MADE, *INNER_NETEM)]),
        (ALONE, replace(ALONE, netem=Netem(loss=Share(1))), [(MADE, *ROOT_NETEM)]),
        (BUCKET, BOTH, [(MADE, *ROOT_TBF), (MADE, *INNER_NETEM)]),
        (BOTH, BUCKET, [(GONE, "", INSIDE), (MADE, *ROOT_TBF)]),
        (BOTH, ALONE, [(GONE, "", ROOT), (MADE, *ROOT_NETEM)]),
        (ALONE, BOTH, [(GONE, "", ROOT), (MADE, *ROOT_TBF), (MADE, *INNER_NETEM)]),
    ],
)
def test_what_is_sent_for_netem(current: Optional[Limit], wanted: Limit, written: List[Tuple[str, str, int]]) -> None:
    """What stands is changed in its place; only between a rate and none the root is another one."""
    messages = create_limit(wanted, 3) if current is None else change_limit(wanted, current, 3)
    told = []
    for message in messages:
        _length, kind, flags = struct.unpack_from("=IHH", message)
        _family, index, _handle, parent = struct.unpack_from("=BxxxiII", message, 16)
        assert index == 3
        discipline = read_attributes(message, 36, len(message)).get(1, b"").rstrip(b"\0").decode()
        told.append((MADE if kind == RTM_NEWQDISC else GONE, discipline, parent))
        assert bool(flags & NLM_F_EXCL) == (current is None and parent == ROOT) or GONE in [word for word, _kind, _parent in told]
    assert told == written


@pytest.mark.parametrize("limit", [BUCKET, ALONE, BOTH, replace(ALONE, netem=Netem(Duration(60 * 10**6), loss=Share(10**6), waiting=50000))])
@pytest.mark.parametrize("netem", [FULL, Netem(Duration(1), duplicate=Share(1)), Netem(Duration(999_999), reorder=Share(10**6)), Netem(loss=Share(333_333))])
def test_netem_is_read_back_as_it_was_written(limit: Limit, netem: Netem) -> None:
    limit = replace(limit, netem=netem) if limit.netem else limit
    # The kernel tells it as it was sent, behind the same header.
    assert parse_limits([message[16:] for message in reversed(create_limit(limit, 3))]) == [RawLimit(3, limit, True)]


def test_netem_as_the_kernel_takes_it() -> None:
    """Byte for byte as tc writes `netem limit 1000 delay 20ms 1.5ms loss 0.5% duplicate 1% reorder 25%`."""
    (message,) = create_limit(ALONE, 3)
    options = read_attributes(message, 36, len(message))[2]
    assert struct.unpack("=6I", options[:24]) == (312500, 1000, 21474836, 1, 42949673, 23437)
    assert struct.unpack("=HHII", options[24:]) == (12, 3, 1073741824, 0)


def test_the_trial_tells_that_this_kernel_has_them() -> None:
    assert not lacks_limit(BUCKET)
