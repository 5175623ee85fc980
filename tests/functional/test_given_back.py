# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a declaration changes of things that are not its own comes back: when it no longer asks for it, when it goes, and when a run fails."""

from __future__ import annotations

import errno
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from harness.declarations import BOX, V4, V6, endpoint, make_box, network
from harness.engine import Declaration, converge, give_uplink, settle
from harness.faults import refuse_always
from harness.host import sh
from harness.kills import Killed, assert_survived
from harness.module import run_module
from harness.snapshot import assert_same, differences, take_snapshot

fake_host = pytest.mark.fake_host()

OWN = {"net.ipv4.ip_unprivileged_port_start": 0, "net.ipv4.ip_forward": 1, "net.ipv4.ping_group_range": "0 7"}
OF_A_LINK = {"net.ipv4.conf.IFNAME.rp_filter": 2, "net.ipv4.neigh.IFNAME.gc_stale_time": 77}
CONTAINERS: Dict[str, Dict[str, Any]] = {"a path": {"path": BOX}, "a namespace that stood": {"netns": "theirs"}, "one of ours": {"netns": "a"}}


def declare(container: Dict[str, Any], own: Dict[str, Any], of_a_link: Dict[str, Any], *networks: str) -> Declaration:
    there: List[Any] = [{"name": "web", "sysctls": of_a_link} if of_a_link else "web", *networks]
    first = {**endpoint("a", *there, **({"sysctls": own} if own else {})), "container": container}
    nets = [network("web", V4, V6), network("db", {"subnet": "10.22.0.0/24"})]
    return Declaration(nets, [first, endpoint("b", "web", "db")])


def make_containers() -> None:
    make_box()
    sh("ip netns add theirs; ip -n theirs link set lo up")
    for space in (BOX, "theirs"):
        sh("echo 555 > /proc/sys/net/ipv4/ip_unprivileged_port_start; echo '3 9' > /proc/sys/net/ipv4/ping_group_range", space)


@fake_host
@pytest.mark.parametrize("name", CONTAINERS)
def test_settings_of_a_container(name: str) -> None:
    make_containers()
    before = take_snapshot()
    container = CONTAINERS[name]
    bare = declare(container, {}, {})
    converge(bare)
    plain = take_snapshot()
    # All at once; then one after the other is dropped.
    full = declare(container, OWN, OF_A_LINK)
    settle(full)
    assert_holds(container, "net/ipv4/ip_unprivileged_port_start", "0")
    assert_holds(container, "net/ipv4/conf/eth0/rp_filter", "2")
    fewer = declare(container, {"net.ipv4.ip_forward": 1}, {"net.ipv4.neigh.IFNAME.gc_stale_time": 78})
    assert len(settle(fewer)) == 4
    assert_holds(container, "net/ipv4/ip_forward", "1")
    assert_holds(container, "net/ipv4/conf/eth0/rp_filter", "0")
    settle(bare)
    assert_same(plain)
    # What its owner says of a setting that we have given back stands.
    converge(full)
    converge(fewer)
    write(container, "net/ipv4/ip_unprivileged_port_start", "808")
    assert settle(fewer) == []
    write(container, "net/ipv4/ip_unprivileged_port_start", {"a path": "555", "a namespace that stood": "555"}.get(name, "1024"))
    converge(full)
    settle(None)
    assert_same(before)


@fake_host
@pytest.mark.parametrize("name", [name for name in CONTAINERS if name != "one of ours"])
def test_lo_is_up_while_anybody_of_us_is_there(name: str) -> None:
    make_containers()
    space = where(CONTAINERS[name])
    sh("ip link set lo down", space)
    before = take_snapshot()
    first = declare(CONTAINERS[name], {}, {})
    assert "~ lo in %s: value down → up" % CONTAINERS[name].get("netns", BOX) in settle(first)
    sh("ping -c1 -W2 127.0.0.1 && ping -c1 -W2 ::1", space)
    own = [{**endpoint("z", {"name": "more", "interface_name": "eth7"}), "container": CONTAINERS[name]}]
    second = Declaration([network("more", {"subnet": "10.29.0.0/24"}, internal=True)], own)
    settle(second, scope="second")
    settle(None)
    sh("ping -c1 -W2 127.0.0.1", space)
    settle(None, scope="second")
    assert_same(before)


MODULES = {
    "veth": {"name": "v9", "peer_name": "eth9", "peer_namespace": "theirs", "peer_addresses": ["10.9.0.2/24"]},
    "macvlan": {"name": "mv9", "namespace": "theirs", "parent": "eth0"},
    "bridge": {"name": "br9", "namespace": "theirs"},
    "vxlan": {"name": "vx9", "namespace": "theirs", "vni": 9, "local": "192.0.2.1"},
}


@fake_host
def test_single_tasks_raise_lo_and_the_last_one_gives_it_back() -> None:
    make_containers()
    sh("ip link set lo down", "theirs")
    before = take_snapshot()
    raised, lowered = "~ lo in theirs: value down → up", "~ lo in theirs: value up → down"
    for module, options in MODULES.items():
        assert raised in run_task(module, **options), module
        sh("ping -c1 -W2 127.0.0.1 && ping -c1 -W2 ::1", "theirs")
        assert lowered in run_task(module, state="absent", **options), module
        assert_same(before)
    # As long as any task's interface is there; another scope gives it back in our place.
    for module, options in MODULES.items():
        run_task(module, **options)
    run_task("bridge", **{**MODULES["bridge"], "name": "br8"}, scope="second")
    for module, options in MODULES.items():
        assert lowered not in run_task(module, state="absent", **options), module
    assert lowered in run_task("bridge", state="absent", **{**MODULES["bridge"], "name": "br8"}, scope="second")
    assert_same(before)
    # A pair that moves on to another namespace.
    run_task("veth", **MODULES["veth"])
    sh("ip netns add next; ip -n next link set lo up")
    assert lowered in run_task("veth", **{**MODULES["veth"], "peer_namespace": "next"})
    run_task("veth", state="absent", **MODULES["veth"])
    # A namespace that goes with its `lo`.
    sh("ip netns del next")
    assert_same(before)


def run_task(module: str, **options: Any) -> List[str]:
    """Check, apply, apply: return the steps, which are the same in check mode and none the second time."""
    planned = run_module(module, check=True, **options)
    done = run_module(module, **options)
    assert done.get("actions") == planned.get("actions"), (planned, done)
    assert run_module(module, **options)["actions"] == []
    actions: List[str] = done["actions"]
    return actions


@fake_host
def test_settings_made_with_the_namespace_or_the_link() -> None:
    make_containers()
    before = take_snapshot()
    for container in CONTAINERS.values():
        converge(declare(container, OWN, OF_A_LINK))
        made = declare(container, {}, {}, "db")
        settle(made)
        through = take_snapshot()
        converge(None)
        assert_same(before)
        converge(made)
        assert differences(take_snapshot(), through) == ""
        converge(None)


def where(container: Dict[str, Any]) -> str:
    return container.get("netns", BOX)


def assert_holds(container: Dict[str, Any], path: str, value: str) -> None:
    assert sh("cat /proc/sys/" + path, where(container)).split() == value.split()


def write(container: Dict[str, Any], path: str, value: str) -> None:
    sh("echo %s > /proc/sys/%s" % (value, path), where(container))


@fake_host
@pytest.mark.parametrize("start", ["nothing", "another declaration"])
def test_settings_after_a_failed_run(start: str) -> None:
    make_containers()
    container = CONTAINERS["a path"]
    if start != "nothing":
        converge(declare(container, {"net.ipv4.ping_group_range": "1 8"}, {}))
    before = take_snapshot()
    # Inside come first the settings, then what the kernel may refuse.
    with pytest.raises(ContainerNetError, match="what stood before was put back"):
        converge(declare(container, OWN, {}, "db"), door=Door(fault=refuse_inside, messages_per_datagram=1))
    assert_same(before)


def refuse_inside(place: str, _message: bytes) -> Any:
    return errno.EPERM if place == "path:" + BOX else None


BRIDGES = {"up": "ip link set br-lan up", "down": "true"}
OPTIONS = {"mtu": 1300, "mac_address": "02:00:00:00:0f:99", "stp": True, "priority": 4096, "ageing_time": 60, "multicast_snooping": False}


def make_bridge() -> None:
    give_uplink()
    add_bridge()


def add_bridge() -> None:
    """One that had a port and was up before: these leave traces of their own."""
    sh(
        """
        ip link add br-lan address 02:00:00:00:0f:01 type bridge ageing_time 12300; ip link set br-lan mtu 1400
        ip link add p0 type veth peer name p1; ip link set p0 master br-lan; ip link set br-lan up; ip link set br-lan down; ip link delete p0
        """
    )


def on_bridge(**options: Any) -> Declaration:
    return Declaration([network("web", V4, V6, bridge_name="br-lan", **options)], [endpoint("a", "web"), endpoint("b", "web")], prepare=make_bridge)


@fake_host
@pytest.mark.parametrize("state", BRIDGES)
def test_options_of_a_foreign_bridge(state: str) -> None:
    make_bridge()
    sh(BRIDGES[state])
    before = take_snapshot()
    converge(on_bridge())
    bare = take_snapshot()
    settle(on_bridge(**OPTIONS))
    shown = sh("ip -d link show br-lan")
    assert all(word in shown for word in ("mtu 1300", "02:00:00:00:0f:99", "stp_state 1", "priority 4096", "ageing_time 6000", "mcast_snooping 0")), shown
    converge(on_bridge(**{**OPTIONS, "mtu": 1280, "ageing_time": 70}))
    kept = {name: OPTIONS[name] for name in ("stp", "mtu")}
    assert [line for line in settle(on_bridge(**kept)) if "bridge br-lan" in line and "ageing_time 70" in line]
    settle(on_bridge())
    assert differences(bare, take_snapshot()) == ""
    # What its owner sets later is his.
    sh("ip link set br-lan type bridge ageing_time 11100")
    assert settle(on_bridge(stp=True)) == ["~ bridge br-lan: stp off → on"]
    sh("ip link set br-lan type bridge ageing_time 12300")
    settle(None)
    assert_same(before)


USES = {
    "an address": "ip -6 address add 2001:db8:7::1/64 dev br-lan nodad",
    "a route": "ip route add 198.51.100.0/24 dev br-lan; ip address add 10.99.0.1/24 dev br-lan",
    "a port": "ip link add p0 type veth peer name p1; ip link set p0 master br-lan",
}


@fake_host
def test_a_bridge_that_somebody_uses_is_not_lowered() -> None:
    add_bridge()
    before = take_snapshot(sysctls=False)
    for use, script in USES.items():
        converge(on_bridge())
        sh(script)
        assert not [line for line in settle(None) if "br-lan: up" in line], use
        assert "UP" in sh("ip -br link show br-lan"), use
        shown = sh("ip address show dev br-lan; ip route; ip link show master br-lan")
        assert any(word in shown for word in ("2001:db8:7::1", "198.51.100.0", "p0")), use
        sh("ip link delete p0 2>/dev/null || true; ip address flush dev br-lan; ip link set br-lan down")
    converge(on_bridge())
    converge(None)
    assert differences(before, take_snapshot(sysctls=False)) == ""


def make_ports() -> None:
    """Two, of which one is down."""
    sh(
        """
        ip link add up0 address 02:00:00:00:0f:10 type veth peer name up1 address 02:00:00:00:0f:11; ip link set up1 up; ip link set up0 up
        ip link add down0 address 02:00:00:00:0f:20 type veth peer name down1 address 02:00:00:00:0f:21; ip link set down1 up
        """
    )


def with_ports(*names: str) -> Declaration:
    return Declaration([network("web", V4, V6, interfaces=list(names))], [endpoint("a", "web")], prepare=make_ports)


@fake_host
def test_a_port_that_was_down_is_lowered_again() -> None:
    make_ports()
    before = take_snapshot()
    converge(with_ports())
    bare = take_snapshot()
    assert "~ link down0: up off → on, master none → br-web" in settle(with_ports("up0", "down0"))
    settle(with_ports("up0"))
    assert sh("ip link show up dev down0") == ""
    settle(with_ports())
    assert_same(bare)
    converge(with_ports("down0"))
    settle(None)
    assert_same(before)
    # Somebody who gives the bridge an address while it stands finds it on the port, which stays up for it.
    converge(with_ports("down0"))
    sh("ip -6 address add 2001:db8:7::1/64 dev br-web nodad")
    converge(None)
    assert "2001:db8:7::1/64" in sh("ip -6 address show up dev down0")


@fake_host
def test_another_bridge_of_the_same_name_owes_nothing() -> None:
    make_bridge()
    settle(on_bridge(stp=True))
    sh("ip link delete br-lan; ip link add br-lan address 02:00:00:00:0f:01 mtu 1450 type bridge stp_state 1; ip link set br-lan up")
    settle(None)
    assert "stp_state 1" in sh("ip -d link show br-lan")


@fake_host
def test_options_of_a_bridge_after_a_failed_run() -> None:
    make_bridge()
    for start in (None, on_bridge(stp=True, mtu=1350)):
        if start is not None:
            converge(start)
        before = take_snapshot()
        failures = 0
        for position in range(0, 24, 3):
            message = fault_of(on_bridge(**OPTIONS), position)
            failures += message is not None
            assert message is None or "what stood before was put back" in message
            if message is None:
                converge(start)
            assert_same(before)
        assert failures > 1


def fault_of(goal: Declaration, position: int) -> Optional[str]:
    try:
        converge(goal, door=Door(fault=refuse_always(position, errno.EPERM), messages_per_datagram=1))
    except ContainerNetError as error:
        return str(error)
    return None


def make_all() -> None:
    make_containers()
    add_bridge()
    make_ports()


BEFORE = Declaration(prepare=make_all)
CHANGED = Declaration(
    [network("web", V4, V6, bridge_name="br-lan", mtu=1300, stp=True), network("wired", {"subnet": "10.23.0.0/24"}, interfaces=["down0"])],
    [{**endpoint("a", {"name": "web", "sysctls": OF_A_LINK}, sysctls=OWN), "container": {"path": BOX}}],
    prepare=make_all,
)


def is_near(point: str) -> bool:
    return any(word in point for word in ("visits", "write", BOX))


KILLED = (
    Killed(BEFORE, CHANGED, then=BEFORE, least=8, deadly=is_near),
    Killed(BEFORE, CHANGED, least=8, deadly=is_near),
    Killed(CHANGED, BEFORE, least=8, deadly=is_near),
)


def test_killed() -> None:
    assert_survived(*KILLED)
