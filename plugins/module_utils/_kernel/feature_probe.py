# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What this kernel lacks or does not take, found out where nobody sees it: in a namespace of its own that ends with the trial."""

from __future__ import annotations

import contextlib
import errno
import os
from contextlib import contextmanager
from typing import Collection, Dict, FrozenSet, Iterator, List, Mapping, Sequence, Tuple

from .._kinds.table import find_samples
from .._kinds.veth import Veth
from .._model.errors import KernelTimeout
from .._model.limits import FIRST_FREE_INDEX
from .._model.link import Link
from .._model.objects import Limit
from .._runtime import libc
from .door import Door, Refusal
from .link import configure_link, create_link, rename_link
from .release import kernel_release
from .sysctl import read_sysctl, why_unwritable, write_sysctl

PLACE = "trial"
LOWER, OTHER_END = "lower", "other"
LIVE_RENAME = (6, 2)
LOOPBACK_NUMBER = 1  # of every namespace

# Kernels before 5.13 let a namespace write these, and mean the whole machine.
SHARED_SETTINGS = frozenset(("net/netfilter/nf_conntrack_max", "net/netfilter/nf_conntrack_expect_max", "net/nf_conntrack_max"))
NOT_TAKEN = frozenset((errno.EINVAL, errno.ERANGE, errno.E2BIG, errno.ENOENT))
Setting = Tuple[str, str]  # path and value


def find_lacking(features: Collection[str], timeout: float = 10.0) -> FrozenSet[str]:
    """Return which of these the kernel says it does not have; where it cannot be asked, none.

    Like the links themselves, a trial makes the kernel load a module it has.
    """
    with apart() as unseen:
        try:
            return _try(sorted(features), timeout) if unseen else frozenset()
        except (OSError, KernelTimeout):
            return frozenset()


def lacks_limit(limit: Limit, timeout: float = 10.0) -> bool:
    """Tell whether the kernel says that it knows none like this one."""
    from .limit import UNKNOWN, create_limit

    with apart() as unseen, contextlib.suppress(OSError, KernelTimeout):
        if unseen:
            with Door(timeout=timeout).open(PLACE) as line:
                return any(refusal.reason.startswith(UNKNOWN) for refusal in line.change(create_limit(limit, LOOPBACK_NUMBER)))
    return False


def renames_only_lowered(timeout: float = 10.0) -> bool:
    """Tell whether the kernel gives no link another name while that is up, as Linux before 6.2."""
    with apart() as unseen:
        if unseen:
            with contextlib.suppress(OSError, KernelTimeout):
                return _refuses_to_rename(timeout)
    return kernel_release() < LIVE_RENAME


def find_unwritable(paths: Collection[str]) -> Dict[str, int]:
    """Return which settings a fresh namespace does not have or cannot write, and what the kernel says; where it cannot be asked, none."""
    with apart() as unseen:
        return {path: number for path in paths for number in (why_unwritable(path),) if number} if unseen else {}


def find_refused(settings: Sequence[Setting], around: Mapping[str, str]) -> Dict[Setting, str]:
    """Return which values the kernel does not take, and what is said of it; `around` is written first, for some values bound others."""
    with apart() as unseen:
        try:
            return _try_settings(settings, around) if unseen else {}
        except OSError:
            return {}


@contextmanager
def apart() -> Iterator[bool]:
    """Stand in a namespace of its own, which ends with the block; False where there is no right to one, or there are too many: what is tried will show."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            libc.unshare(libc.CLONE_NEWNET)
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            libc.setns(home)
    finally:
        os.close(home)


def _try_settings(settings: Sequence[Setting], around: Mapping[str, str]) -> Dict[Setting, str]:
    found: Dict[Setting, str] = {}
    for path, value in around.items():
        write_sysctl(path, value)
    for path, value in settings:
        if path in SHARED_SETTINGS or why_unwritable(path):
            continue
        try:
            write_sysctl(path, value)
        except OSError as error:
            if error.errno in NOT_TAKEN:
                found[path, value] = "the kernel does not take %s (%s)" % (value, error.strerror)
            continue
        held = read_sysctl(path)
        if held not in (None, value):
            found[path, value] = "the kernel makes %s of %s" % (held, value)
    return found


def _try(features: List[str], timeout: float) -> FrozenSet[str]:
    numbers: Dict[str, int] = {name: number for number, name in enumerate((LOWER, OTHER_END, *features), FIRST_FREE_INDEX)}
    samples = find_samples(LOWER)
    lower = Link(PLACE, LOWER, kind=Veth(PLACE, OTHER_END, leads=True))
    wanted = [(lower, Link(PLACE, OTHER_END, kind=Veth(PLACE, LOWER))), *((Link(PLACE, name, kind=samples[name]), None) for name in features)]
    made = [create_link(link, peer, lambda _place, name: numbers[name], lambda _place: 0) for link, peer in wanted]
    with Door(timeout=timeout).open(PLACE) as line:
        refusals = line.change([message for message in made if message is not None])
    return frozenset(features[refusal.position - 1] for refusal in refusals if refusal.position and _means_lacking(refusal))


def _refuses_to_rename(timeout: float) -> bool:
    numbers = {LOWER: FIRST_FREE_INDEX, OTHER_END: FIRST_FREE_INDEX + 1}
    ends = Link(PLACE, LOWER, kind=Veth(PLACE, OTHER_END, leads=True), up=True), Link(PLACE, OTHER_END, kind=Veth(PLACE, LOWER))
    made = create_link(*ends, lambda _place, name: numbers[name], lambda _place: 0)
    messages = [made or b"", *configure_link(ends[0], numbers[LOWER]), *rename_link("renamed", numbers[LOWER], lowered=False)]
    with Door(timeout=timeout).open(PLACE) as line:
        return any(refusal.position == len(messages) - 1 and refusal.errno == errno.EBUSY for refusal in line.change(messages))


def _means_lacking(refusal: Refusal) -> bool:
    """Tell whether the kernel does not know the kind; it may have other reasons to refuse."""
    return refusal.errno == errno.EOPNOTSUPP and (not refusal.reason or refusal.reason.startswith("Unknown device type"))
