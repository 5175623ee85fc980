# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real packets between real namespaces: a, b and c on one bridge, and `far` behind the router `r`."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import EnvironmentUnfit
from ansible_collections.netloom.container_net.plugins.module_utils._probe.arguments import read_checks, read_responders
from ansible_collections.netloom.container_net.plugins.module_utils._probe.background import Lease, leave_behind
from ansible_collections.netloom.container_net.plugins.module_utils._probe.check import Result
from ansible_collections.netloom.container_net.plugins.module_utils._probe.namespace import call_inside, named_location
from ansible_collections.netloom.container_net.plugins.module_utils._probe.responder import Service, open_responders, serve
from ansible_collections.netloom.container_net.plugins.module_utils._probe.runner import run_checks
from harness.host import on_fake_host
from harness.module import run_module
from lab_helpers import Ansible, Lab, ip

NAMESPACES = ("pr-sw", "pr-a", "pr-b", "pr-c", "pr-r", "pr-far")
CHECK_DEFAULTS = {"name": None, "from": None, "to": None, "port": None, "size": None, "server": None, "record": "A", "timeout": 1.0, "count": 3}
CHECK_DEFAULTS.update({"expect": "pass", "expect_banner": None})
LISTEN_DEFAULTS = {"in": None, "protocol": "tcp", "address": "any"}


def inside(namespace: str, *command: str) -> None:
    result = subprocess.run(["ip", "netns", "exec", namespace, *command], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module", autouse=True)
def network() -> Iterator[None]:
    for name in NAMESPACES:
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    ip("-n", "pr-sw", "link", "add", "br0", "up", "type", "bridge")
    for number, name in enumerate(("pr-a", "pr-b", "pr-c", "pr-r"), 1):
        ip("-n", "pr-sw", "link", "add", "p%d" % number, "up", "master", "br0", "type", "veth", "peer", "name", "eth0", "netns", name)
        lines = ["link set eth0 up", "address add 10.99.0.%d/24 dev eth0" % number, "address add fd99::%d/64 dev eth0 nodad" % number]
        for line in lines:
            ip("-n", name, *line.split())
        if name != "pr-r":
            ip("-n", name, "route", "add", "default", "via", "10.99.0.4")
            ip("-n", name, "route", "add", "default", "via", "fd99::4")
    # The way to `far` is narrower than any interface of the others.
    ip("-n", "pr-r", "link", "add", "wan", "mtu", "1400", "up", "type", "veth", "peer", "name", "eth0", "netns", "pr-far")
    for name, number, device in (("pr-r", 1, "wan"), ("pr-far", 2, "eth0")):
        for line in ("link set %s mtu 1400 up", "address add 10.98.0.%d/24 dev %%s" % number, "address add fd98::%d/64 dev %%s nodad" % number):
            ip("-n", name, *(line % device).split())
    ip("-n", "pr-far", "route", "add", "default", "via", "10.98.0.1")
    ip("-n", "pr-far", "route", "add", "default", "via", "fd98::1")
    inside("pr-r", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")
    wait_for(lambda: all(result.ok for result in probe(ping("pr-a", "10.98.0.2"), ping("pr-a", "fd98::2"))))
    yield
    for name in NAMESPACES:
        ip("netns", "delete", name)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def check(origin: Optional[str], kind: str, address: str, **options: Any) -> Dict[str, Any]:
    place = {"netns": origin, "path": None, "label": None} if origin else None
    return {**CHECK_DEFAULTS, "from": place, "type": kind, "address": address, **options}


def ping(origin: Optional[str], address: str, **options: Any) -> Dict[str, Any]:
    return check(origin, "ping", address, **options)


def probe(*checks: Dict[str, Any], namespace: Optional[str] = None) -> List[Result]:
    return run_checks(read_checks(list(checks), namespace))


def listener(name: str, origin: str, port: int, **options: Any) -> Dict[str, Any]:
    return {**LISTEN_DEFAULTS, "name": name, "in": {"netns": origin, "path": None, "label": None}, "port": port, **options}


@pytest.fixture
def responders() -> Iterator[None]:
    """Everybody answers on port 7000, tcp and udp."""
    wanted = [listener(name, name, 7000, protocol=protocol) for name in ("pr-a", "pr-b", "pr-c", "pr-far") for protocol in ("tcp", "udp")]
    service = Service(open_responders(read_responders(wanted, None)), lambda: True)
    yield
    service.stop()


ADDRESSES = {"pr-a": ("10.99.0.1", "fd99::1"), "pr-b": ("10.99.0.2", "fd99::2"), "pr-far": ("10.98.0.2", "fd98::2")}


@pytest.mark.parametrize("address", ["10.99.0.2", "fd99::2", "10.98.0.2", "fd98::2", "127.0.0.1", "::1"])
def test_ping_gets_there(address: str) -> None:
    result = probe(ping("pr-a", address))[0]
    assert (result.outcome.outcome, result.ok) == ("pass", True)
    assert result.milliseconds < 1000


@pytest.mark.parametrize("address", ["10.99.0.77", "fd99::77"])
def test_ping_of_nobody_is_refused_in_time(address: str) -> None:
    began = time.monotonic()
    result = probe(ping("pr-a", address, timeout=0.5, expect="refuse"))[0]
    assert (result.outcome.outcome, result.ok) == ("refuse", True)
    assert "no answer" in result.outcome.detail
    assert 0.4 < time.monotonic() - began < 0.9


def test_ping_from_the_host_is_not_from_a_namespace() -> None:
    results = probe(ping(None, "10.99.0.1", timeout=0.3), ping(None, "10.99.0.1", timeout=0.3), namespace="pr-b")
    assert [result.ok for result in results] == [True, True]
    host = probe(ping(None, "10.99.0.1", timeout=0.3))[0]
    assert (host.outcome.outcome, host.outcome.detail) == ("refuse", "no route")


@pytest.mark.parametrize(
    ("address", "size", "outcome"),
    [
        ("10.99.0.2", 1500, "pass"),
        ("10.98.0.2", 1400, "pass"),
        ("10.98.0.2", 1401, "refuse"),
        ("10.99.0.2", 1501, "refuse"),
        ("fd98::2", 1400, "pass"),
        ("fd98::2", 1401, "refuse"),
        ("fd99::2", 1501, "refuse"),
    ],
)
def test_ping_with_a_size_is_not_fragmented(address: str, size: int, outcome: str) -> None:
    assert probe(ping("pr-a", address, size=size))[0].outcome.outcome == outcome


@pytest.mark.parametrize(("address", "mtu"), [("10.99.0.2", 1500), ("10.98.0.2", 1400), ("fd99::2", 1500), ("fd98::2", 1400)])
def test_the_path_mtu_is_found(address: str, mtu: int) -> None:
    results = [probe(check("pr-a", "mtu", address, size=size))[0] for size in (None, mtu, mtu + 1)]
    assert [result.outcome.outcome for result in results] == ["pass", "pass", "refuse"]
    assert [result.as_dict()["path_mtu"] for result in results] == [mtu] * 3


@pytest.mark.parametrize(("address", "mtu"), [("10.98.0.2", 1400), ("fd98::2", 1400)])
def test_the_path_mtu_is_found_where_no_router_says_a_word(address: str, mtu: int) -> None:
    inside("pr-r", *"iptables -A OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP".split())
    inside("pr-r", *"ip6tables -A OUTPUT -p ipv6-icmp --icmpv6-type packet-too-big -j DROP".split())
    for family in ("-4", "-6"):
        inside("pr-a", "ip", family, "route", "flush", "cache")  # what earlier tests made it learn
    try:
        result, unasked = probe(check("pr-a", "mtu", address, size=mtu + 1, expect="refuse"), check("pr-a", "mtu", address, expect="refuse"))
        assert result.ok
        assert unasked.ok, "the kernel believes in 1500 bytes, and they vanish"
        assert result.as_dict()["path_mtu"] == mtu
        assert result.milliseconds < 5000
    finally:
        for tool in ("iptables", "ip6tables"):
            inside("pr-r", tool, "-F", "OUTPUT")


def test_the_path_mtu_of_an_unreachable_target_is_null() -> None:
    result = probe(check("pr-a", "mtu", "10.99.0.77", timeout=0.3))[0]
    assert (result.outcome.outcome, result.as_dict()["path_mtu"]) == ("refuse", None)


@pytest.mark.usefixtures("responders")
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_everybody_reaches_everybody_and_knows_who_answered(protocol: str) -> None:
    checks = [
        check(origin, protocol, address, port=7000, expect_banner=target) for origin in ADDRESSES for target, both in ADDRESSES.items() for address in both
    ]
    results = probe(*checks)
    assert [result.line for result in results if not result.ok] == []
    assert [result.as_dict()["banner"] for result in results] == [item["expect_banner"] for item in checks]


@pytest.mark.usefixtures("responders")
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("expect", ["pass", "refuse"])
def test_an_answer_from_somebody_else_is_never_right(protocol: str, expect: str) -> None:
    result = probe(check("pr-a", protocol, "10.99.0.2", port=7000, expect_banner="pr-c", expect=expect))[0]
    assert (result.outcome.outcome, result.ok) == ("error", False)
    assert 'answered by "pr-b", not by "pr-c"' in result.line


@pytest.mark.usefixtures("responders")
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("action", ["DROP", "REJECT"])
@pytest.mark.parametrize(("tool", "address"), [("iptables", "10.99.0.2"), ("ip6tables", "fd99::2")])
def test_a_firewall_refuses(protocol: str, action: str, tool: str, address: str) -> None:
    wanted = check("pr-a", protocol, address, port=7000, timeout=0.4, expect="refuse")
    assert probe(wanted)[0].outcome.outcome == "pass"
    # Between namespaces of one kernel an ICMP error may come back while connect() still holds the socket, and count for nothing; a reset waits.
    how = ["--reject-with", "tcp-reset"] if (protocol, action) == ("tcp", "REJECT") else []
    inside("pr-b", tool, "-A", "INPUT", "-p", protocol, "--dport", "7000", "-j", action, *how)
    try:
        result = probe(wanted)[0]
        assert result.ok
        assert result.outcome.detail.startswith("no answer" if action == "DROP" else "connection refused")
    finally:
        inside("pr-b", tool, "-F", "INPUT")


def test_a_closed_port_is_refused_at_once() -> None:
    results = probe(*[check("pr-a", protocol, address, port=9, timeout=5.0) for protocol in ("tcp", "udp") for address in ("10.99.0.2", "fd99::2")])
    assert [result.outcome.outcome for result in results] == ["refuse"] * 4
    assert {result.outcome.detail for result in results} == {"connection refused"}
    assert max(result.milliseconds for result in results) < 1000


@pytest.mark.parametrize(("kind", "detail"), [("blackhole", "blackhole"), ("prohibit", "prohibited"), ("unreachable", "unreachable")])
@pytest.mark.parametrize("attempt", ["ping", "tcp", "udp", "mtu"])
def test_a_route_that_says_no_refuses(kind: str, detail: str, attempt: str) -> None:
    ip("-n", "pr-c", "route", "add", kind, "10.97.0.0/24")
    try:
        result = probe(check("pr-c", attempt, "10.97.0.1", port=7 if attempt in ("tcp", "udp") else None))[0]
        assert result.outcome.outcome == "refuse"
        assert detail in result.outcome.detail
        assert result.milliseconds < 500
    finally:
        ip("-n", "pr-c", "route", "del", kind, "10.97.0.0/24")


def test_a_silent_server_passes_without_a_banner_and_not_with_one() -> None:
    server = call_inside(named_location("pr-b"), lambda: socket.create_server(("10.99.0.2", 7001)))
    with server:
        results = probe(check("pr-a", "tcp", "10.99.0.2", port=7001), check("pr-a", "tcp", "10.99.0.2", port=7001, expect_banner="pr-b", timeout=0.3))
    assert [result.outcome.outcome for result in results] == ["pass", "refuse"]
    assert "nothing was said" in results[1].outcome.detail


def test_a_foreign_echo_server_passes_udp() -> None:
    def serve_echo() -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound.bind(("10.99.0.2", 7002))
        bound.settimeout(5)
        return bound

    bound = call_inside(named_location("pr-b"), serve_echo)

    def echo_once() -> None:
        data, sender = bound.recvfrom(2048)
        bound.sendto(b"not your token", sender)
        bound.sendto(data, sender)

    thread = threading.Thread(target=echo_once)
    thread.start()
    result = probe(check("pr-a", "udp", "10.99.0.2", port=7002))[0]
    thread.join()
    bound.close()
    assert result.ok
    assert result.as_dict()["banner"] == ""


@pytest.mark.usefixtures("responders")
def test_a_responder_answers_from_the_address_that_was_asked() -> None:
    ip("-n", "pr-b", "address", "add", "10.99.0.66/24", "dev", "eth0")
    ip("-n", "pr-b", "address", "add", "fd99::66/64", "dev", "eth0", "nodad")
    try:
        # The socket of a udp check is connected, so an answer from another address would not count.
        # The kernel takes up a new IPv6 address a moment late; who asked before asks again after a second.
        results = probe(*[check("pr-a", "udp", address, port=7000, timeout=3.0) for address in ("10.99.0.66", "fd99::66", "10.99.0.2", "fd99::2")])
        assert [result.line for result in results if not result.ok] == []
    finally:
        ip("-n", "pr-b", "address", "del", "10.99.0.66/24", "dev", "eth0")
        ip("-n", "pr-b", "address", "del", "fd99::66/64", "dev", "eth0")


@pytest.mark.usefixtures("responders")
def test_two_responders_do_not_talk_for_ever() -> None:
    """A datagram that looks like an answer gets none."""

    def talk() -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            datagram.settimeout(0.3)
            datagram.sendto(b"container-net pr-c x\n", ("10.99.0.2", 7000))
            return datagram.recv(100)

    with pytest.raises(socket.timeout):
        call_inside(named_location("pr-a"), talk)


@pytest.mark.usefixtures("responders")
def test_a_guest_who_speaks_first_still_gets_the_banner() -> None:
    def talk() -> bytes:
        with socket.create_connection(("10.99.0.2", 7000)) as stream:
            stream.sendall(b"GET / HTTP/1.0\r\n\r\n" * 100)
            time.sleep(0.3)
            stream.sendall(b"more")
            return stream.recv(100)

    assert call_inside(named_location("pr-a"), talk) == b"container-net pr-b\n"


def test_a_hundred_checks_take_as_long_as_one() -> None:
    began = time.monotonic()
    checks = [
        check(origin, "tcp", "10.99.0.%d" % (100 + number), port=7, expect="refuse") for number in range(25) for origin in ("pr-a", "pr-b", "pr-c", "pr-far")
    ]
    results = probe(*checks)
    assert all(result.ok for result in results)
    assert time.monotonic() - began < 2


def test_places_that_cannot_be_entered_are_errors(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    places = [{"netns": "pr-none"}, {"path": str(tmp_path / "plain")}, {"path": "/proc/self/ns/uts"}, {"path": str(tmp_path)}]
    results = probe(*[{**ping(None, "10.99.0.1", expect="refuse"), "from": place} for place in places])
    assert [(result.outcome.outcome, result.ok) for result in results] == [("error", False)] * 4
    assert "No such file" in results[0].outcome.detail
    assert all("is not a network namespace" in result.outcome.detail for result in results[1:])


def test_a_path_is_a_place() -> None:
    results = probe(
        {**ping(None, "10.99.0.1"), "from": {"netns": None, "path": "/run/netns/pr-b", "label": "b"}}, ping(None, "10.99.0.1"), namespace="/run/netns/pr-b"
    )
    assert [result.ok for result in results] == [True, True]
    assert results[0].as_dict()["from"] == "b"


@pytest.fixture
def name_server() -> Iterator[int]:
    """A name server that knows web.test and text.test, in pr-b."""

    def bind() -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound.bind(("10.99.0.2", 5353))
        return bound

    bound = call_inside(named_location("pr-b"), bind)
    records = {(b"\3web\4test\0", 1): socket.inet_aton("10.99.0.9"), (b"\3web\4test\0", 28): socket.inet_pton(socket.AF_INET6, "fd99::9")}

    def answer() -> None:
        while True:
            question, sender = bound.recvfrom(4096)
            if question == b"end":
                return
            name, kind = question[12:-4], struct.unpack("!H", question[-4:-2])[0]
            data = records.get((name, kind))
            head = question[:2] + struct.pack("!5H", 0x8180 | (0 if data or b"text" in name else 3), 1, 1 if data else 0, 0, 0)
            body = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data if data else b""
            bound.sendto(head + question[12:] + body, sender)

    thread = threading.Thread(target=answer)
    thread.start()
    yield 5353
    call_inside(named_location("pr-b"), lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"end", ("10.99.0.2", 5353)))
    thread.join()
    bound.close()


def test_names_are_asked_from_inside(name_server: int) -> None:
    def ask(name: str, record: str) -> Dict[str, Any]:
        return check("pr-a", "name", name, server="10.99.0.2", port=name_server, record=record)

    found = [result.as_dict() for result in probe(ask("web.test", "A"), ask("web.test.", "AAAA"), ask("none.test", "A"), ask("text.test", "A"))]
    assert [item["outcome"] for item in found] == ["pass", "pass", "refuse", "refuse"]
    assert [item["addresses"] for item in found] == [["10.99.0.9"], ["fd99::9"], [], []]
    assert "NXDOMAIN" in found[2]["detail"]
    assert "no A record" in found[3]["detail"]
    silent = probe(check("pr-a", "name", "web.test", server="10.99.0.77", timeout=0.3))[0]
    assert silent.outcome.outcome == "refuse"


def test_a_taken_port_is_named_and_nothing_is_left_open() -> None:
    server = call_inside(named_location("pr-b"), lambda: socket.create_server(("0.0.0.0", 7003)))
    with server, pytest.raises(EnvironmentUnfit, match="responder two: cannot listen on tcp any port 7003 in pr-b: Address already in use"):
        open_responders(read_responders([listener("one", "pr-c", 7003), listener("two", "pr-b", 7003)], None))
    for item in open_responders(read_responders([listener("one", "pr-c", 7003), listener("two", "pr-b", 7003)], None)):
        item.socket.close()


def stay(path: Path, seconds: float, name: str) -> None:
    """Leave a responder behind, as the module does."""
    lease = Lease(seconds, str(path))
    opened = open_responders(read_responders([listener(name, "pr-b", 7004)], None))

    def work() -> None:
        serve(opened, lease.goes_on)
        lease.end()

    leave_behind(work, lease.descriptors | {item.socket.fileno() for item in opened})
    for item in opened:
        item.socket.close()


def answers(name: str) -> bool:
    return probe(check("pr-a", "tcp", "10.99.0.2", port=7004, expect_banner=name))[0].outcome.outcome == "pass"


def test_background_responders_end_with_their_time(tmp_path: Path) -> None:
    stay(tmp_path / "run", 1.0, "timed")
    assert answers("timed")
    assert (tmp_path / "run").exists()
    wait_for(lambda: not (tmp_path / "run").exists())
    assert not answers("timed")


def test_background_responders_end_when_their_file_goes(tmp_path: Path) -> None:
    stay(tmp_path / "run", 60, "filed")
    assert answers("filed")
    (tmp_path / "run").unlink()
    wait_for(lambda: not answers("filed"))


def test_a_later_call_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    stay(tmp_path / "run", 60, "first")
    assert answers("first")
    stay(tmp_path / "run", 60, "second")
    assert answers("second")
    time.sleep(0.3)
    assert (tmp_path / "run").exists(), "the first call must not remove the second one's file"
    (tmp_path / "run").unlink()
    wait_for(lambda: not answers("second"))


@pytest.mark.parametrize("kind", ["link", "full", "directory"])
def test_a_foreign_run_file_is_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "run"
    if kind == "link":
        (tmp_path / "target").write_text("")
        path.symlink_to(tmp_path / "target")
    elif kind == "full":
        path.write_text("words")
    else:
        path.mkdir()
    with pytest.raises(EnvironmentUnfit, match="choose another path"):
        Lease(1, str(path))
    assert os.path.lexists(path)


# The module itself, under ansible, on simulated hosts.


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("probe") / "lab")
    made.up("--hosts", "2")
    yield made
    made.down()


def test_the_module_on_a_fleet(lab: Lab, collections_path: Path, tmp_path: Path) -> None:
    ansible = Ansible(collections_path, tmp_path)
    here = {"label": "{{ inventory_hostname }}"}
    targets = {"h1": ["192.0.2.11", "2001:db8::11"], "h2": ["192.0.2.12", "2001:db8::12"]}
    every = [
        {"from": here, "type": kind, "address": address, "to": name, "port": 7000, "expect_banner": name}
        for kind in ("tcp", "udp")
        for name, both in targets.items()
        for address in both
    ]
    listen = [{"name": "{{ inventory_hostname }}", "port": 7000, "protocol": protocol} for protocol in ("tcp", "udp")]
    background = {"listen": listen, "background": True, "hold": 60, "run_file": "/run/probe"}
    done = ansible.play(
        lab.state / "inventory.yml",
        [
            {"name": "stay", "netloom.container_net.probe": background},
            {"name": "check", "netloom.container_net.probe": {"checks": every}, "check_mode": True},
            {"name": "stay again", "netloom.container_net.probe": background},
            {"name": "again", "netloom.container_net.probe": {"checks": every}},
            {"name": "end", "ansible.builtin.file": {"path": "/run/probe", "state": "absent"}},
            {"name": "wait", "ansible.builtin.wait_for": {"timeout": 1}},
            {"name": "refused", "netloom.container_net.probe": {"checks": [{**item, "expect": "refuse"} for item in every]}},
            {"name": "counted", "netloom.container_net.probe": {"checks": every, "fail_on_mismatch": False}},
            {"name": "wrong", "netloom.container_net.probe": {"checks": every}},
        ],
    )
    for host in targets:
        assert [name for name, hosts in done.items() if hosts[host].get("failed")] == ["wrong"]
        assert {hosts[host]["changed"] for name, hosts in done.items() if name not in ("end", "wait")} == {False}
        assert sorted((item["protocol"], item["address"], item["port"]) for item in done["stay"][host]["listening"]) == [
            (protocol, address, 7000) for protocol in ("tcp", "udp") for address in ("0.0.0.0", "::")
        ]
        for name in ("check", "again"):
            assert len(done[name][host]["results"]) == len(every)
            assert done[name][host]["matrix"].splitlines()[:2] == ["from / to  h1  h2", "%s         ok  ok" % host]
        assert done["refused"][host]["matrix"].splitlines()[1] == "%s         --  --" % host
        assert done["counted"][host]["matrix"].splitlines()[1] == "%s         !!  !!" % host
        assert len(done["counted"][host]["failed_checks"]) == len(every)
        assert done["wrong"][host]["msg"].startswith(
            "8 of 8 checks not as expected:\n- tcp %s -> h1 port 7000: tcp from %s to 192.0.2.11 port 7000 should pass" % (host, host)
        )


def test_the_module_answers_bad_input_with_every_problem() -> None:
    bad = {"namespace": "a/b", "checks": [{"type": "tcp", "address": "10.0.0"}, {"type": "ping", "address": "::1", "port": 1}], "hold": -1}
    lines = on_fake_host(lambda: run_module("probe", **bad))["msg"].splitlines()
    assert lines[0] == "5 input errors, nothing was changed:"
    assert [line.split(":")[0] for line in lines[1:]] == ["- hold", "- namespace", "- checks[0].address", "- checks[0].port", "- checks[1].port"]


def test_foreground_responders_serve_the_checks_of_their_own_task(lab: Lab, collections_path: Path, tmp_path: Path) -> None:
    own = {"listen": [{"name": "me", "port": 7005}], "checks": [{"type": "tcp", "address": "192.0.2.11", "port": 7005, "expect_banner": "me"}]}
    tasks = [{"name": "own", "netloom.container_net.probe": own}, {"name": "held", "netloom.container_net.probe": {**own, "hold": 2}}]
    done = Ansible(collections_path, tmp_path).play(lab.state / "inventory.yml", tasks, hosts="h1")
    assert [done[name]["h1"]["results"][0]["ok"] for name in ("own", "held")] == [True, True]


def test_without_raw_sockets_a_ping_is_an_error(collections_path: Path) -> None:
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]);"
        "from ansible_collections.netloom.container_net.plugins.module_utils._probe.icmp import Pinger;"
        "Pinger('127.0.0.1', False)"
    )
    dropped = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"]
    result = subprocess.run([*dropped, sys.executable, "-c", code, str(collections_path)], capture_output=True, text=True, check=False)
    assert "EnvironmentUnfit: echo requests need root (CAP_NET_RAW)" in result.stderr
    assert json.dumps(result.returncode) == "1"
