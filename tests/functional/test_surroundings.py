# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever language, time zone, path or clock somebody has, and whoever else meddles with fresh links: the result is the same."""

from __future__ import annotations

import os
import struct
import subprocess
import time
from typing import Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, assert_settled, converge, give_uplink, lines
from harness.events import LINK, Events
from harness.host import Child, await_true, entered, sh
from harness.kernel import IFLA_IFNAME
from harness.kills import sample
from harness.restarts import PROGRAM, own_disk
from harness.snapshot import assert_same, take_snapshot

WEB = Declaration(
    [network("web", V4, V6, mac_address="02:00:00:00:20:01", mtu=1400)],
    [endpoint("a", {"name": "web", "mac_address": "02:00:00:00:20:02"}, ports=["8080:80"])],
)
USUAL = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
SURROUNDINGS: Dict[str, Dict[str, str]] = {
    "C": {"LANG": "C", "LC_ALL": "C"},
    "POSIX": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "Turkish, where I has a dot": {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8"},
    "a locale that nobody has": {"LC_ALL": "xx_XX.KOI8-R"},
    "octets that are no text": {"LANG": os.fsdecode(b"\xff\xfe"), "COMMENT": os.fsdecode(b"caf\xe9\n")},
    "a time zone of its own": {"TZ": "XYZ-25:61", "SOURCE_DATE_EPOCH": "0"},
    "no path": {"PATH": ""},
    "a path of nothing": {"PATH": "/nonexistent:.:/dev/null"},
    "nothing at all": {},
}
QUICK = 5
IFLA_ADDRESS, IFLA_MTU = 1, 4
CLOCKS = ("--boottime 100000000", "--monotonic 100000000", "--boottime -60")


def restore(environment: Dict[str, str], *before: str) -> List[str]:
    done = subprocess.run([*before, PROGRAM, "restore"], capture_output=True, env=environment, timeout=60, check=False)
    said = (done.stdout + done.stderr).decode("utf-8", "surrogateescape")
    assert done.returncode == 0, said
    assert "Traceback" not in said
    return said.replace("\\u2192", "→").splitlines()


@pytest.mark.fake_host
def test_every_surrounding() -> None:
    own_disk()
    give_uplink()
    converge(WEB, persist=True)
    whole = take_snapshot()
    damage = "ip link delete br-web; iptables -F CNET-FORWARD; ip -n a address flush dev eth0"
    sh(damage)
    usual = restore(USUAL)
    assert len(usual) > 1
    assert_same(whole)
    tried = 0
    for name in sample(list(SURROUNDINGS), QUICK):
        words = SURROUNDINGS[name]
        sh(damage)
        assert restore({**USUAL, **words} if words else {}) == usual, name
        assert_same(whole)
        tried += 1
    for clock in sample(CLOCKS, 2):
        sh(damage)
        assert restore(USUAL, "unshare", "-T", *clock.split()) == usual, clock
        assert_same(whole)
        tried += 1
    assert tried >= QUICK + 2


def meddle() -> None:
    """Do what a badly set up network manager does to links it was not told to leave alone, again and again, each time a moment later."""
    while True:
        time.sleep(0.05)
        for link in sh("ip -br link show type bridge; ip -br link show type veth").splitlines():
            name = link.split()[0].partition("@")[0]
            if name != "eth0":
                sh("ip link set %s address 02:00:00:00:66:01 2>/dev/null; ip address flush dev %s 2>/dev/null || true" % (name, name))
        sh("ip route flush table main proto 76; ip -6 route flush table main proto 76")


@pytest.mark.fake_host
def test_somebody_who_manages_our_links() -> None:
    """He wins as long as he is there, but a run ends, and says so; once he is gone, one run mends it."""
    give_uplink()
    converge(WEB)
    whole = take_snapshot()
    converge(None)
    busy = Child(meddle)
    for _run in range(4):
        ended = Child(_attempt).result(60)
        assert "Traceback" not in ended
    await_true(lambda: bool(lines(converge(WEB, check=True))), 20, lambda: "nobody meddled")
    busy.kill()
    converge(WEB)
    assert_same(whole)
    assert_settled(WEB)


def _attempt() -> str:
    try:
        return "\n".join(lines(converge(WEB)))
    except ContainerNetError as error:
        return str(error)


@pytest.mark.fake_host
def test_a_link_is_born_with_its_mac_and_mtu() -> None:
    """So whoever looks at a fresh link finds nothing to choose for it."""
    give_uplink()
    sh("ip netns add a")
    events = Events()
    with entered("a"):
        inside = Events()
    converge(WEB)
    first: Dict[str, str] = {}
    for event in [*events.read(), *inside.read()]:
        if event.kind == LINK[0]:
            attributes = _attributes(bytes.fromhex(event.payload)[16:])
            name = attributes[IFLA_IFNAME].rstrip(b"\0").decode()
            first.setdefault(name, "%s %d" % (attributes[IFLA_ADDRESS].hex(":"), struct.unpack("=I", attributes[IFLA_MTU])[0]))
    assert first["br-web"] == "02:00:00:00:20:01 1400"
    assert first["eth0"] == "02:00:00:00:20:02 1400"


def _attributes(data: bytes) -> Dict[int, bytes]:
    found, start = {}, 0
    while start + 4 <= len(data):
        length, number = struct.unpack_from("=HH", data, start)
        found[number & 0x3FFF] = data[start + 4 : start + length]
        start += (max(length, 4) + 3) & ~3
    return found
