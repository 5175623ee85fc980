# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task without the rights to change networks says so in one sentence, before anything else."""

from __future__ import annotations

import ctypes
import importlib
import json
import struct
from typing import Any, List

import pytest
from ansible.module_utils import basic
from ansible_collections.netloom.container_net.plugins.module_utils._ansible import run
from harness.host import Child

MODULES = ("bridge", "confirm", "ipvlan", "macvlan", "nat", "netns", "topology", "topology_info", "veth", "vlan", "vxlan")
VERSION_3 = 0x20080522


def drop(*bits: int) -> None:
    """Give up capabilities, or all of them."""
    held = (1 << 64) - 1 if not bits else sum(1 << bit for bit in bits)
    header, data = struct.pack("=Ii", VERSION_3, 0), bytearray(24)
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = (ctypes.c_char * 24).from_buffer(data)
    assert libc.capget(header, buffer) == 0
    words = [word & ~(held >> 32 * (position // 3)) for position, word in enumerate(struct.unpack("=6I", data))]
    assert libc.capset(header, struct.pack("=6I", *words)) == 0


class Left(Exception):
    pass


def first_words(name: str) -> str:
    """Run a module whose options are good enough, and return the error it leaves with."""
    said: List[str] = []

    class Module:
        check_mode = False

        def __init__(self, **_options: Any) -> None:
            self.params: Any = {}

        def fail_json(self, msg: str, **_more: Any) -> None:
            said.append(msg)
            raise Left

    basic.AnsibleModule = Module
    run.AnsibleModule = Module  # type: ignore[misc,assignment]
    module = importlib.import_module("ansible_collections.netloom.container_net.plugins.modules." + name)
    if hasattr(module, "AnsibleModule"):
        module.AnsibleModule = Module
    try:
        module.main()
    except Left:
        return said[0]
    except Exception as error:
        return "went on: %r" % error
    return json.dumps("ended well")


@pytest.mark.parametrize("name", MODULES)
def test_every_module_names_the_missing_right_first(name: str) -> None:
    def without(*bits: int) -> str:
        drop(*bits)
        return first_words(name)

    both, one = (Child(lambda bits=bits: without(*bits)).result(30) for bits in ((), (12,)))  # type: ignore[misc]
    for said, lacking in ((both, "no CAP_NET_ADMIN and no CAP_SYS_ADMIN"), (one, "no CAP_NET_ADMIN:")):
        assert lacking in said, said
        assert "set become: true; nothing was changed" in said
        assert "\n" not in said
    assert "become" not in Child(lambda: first_words(name)).result(30)
