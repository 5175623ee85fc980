# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Host ports that the plan chooses: recorded, kept, and handed to the host as if they were named."""

from __future__ import annotations

from typing import Any, List

from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock import Lock, parse_lock, render_lock
from fleets import WEB, endpoint, host, plan, problems


def shop(name: str, *ports: Any) -> Any:
    return endpoint(name, "web", ports=list(ports))


def ports_of(found: Any, host_name: str, name: str) -> List[Any]:
    (given,) = [item["ports"] for item in found.arguments()[host_name]["endpoints"] if item["name"] == name]
    return list(given)


def test_a_choice_is_recorded_and_handed_on_as_a_named_port() -> None:
    wished = shop("a", "80", {"target": "90-91", "protocol": "udp", "allowed_sources": ["198.51.100.0/24"]}, {"target": 70}, "8080:81")
    found = plan(host(1, wished, networks=[WEB]))
    held = found.lock.ports["h1/a"]
    assert list(held) == ["80/tcp", "90-91/udp", "70/tcp"]
    tcp, udp, seventy = held.values()
    assert ports_of(found, "h1", "a") == [
        "%d:80/tcp" % tcp,
        {"target": "90-91", "protocol": "udp", "allowed_sources": ["198.51.100.0/24"], "published": "%d-%d" % (udp, udp + 1)},
        {"target": 70, "published": str(seventy)},
        "8080:81",
    ]
    read = read_document(found.arguments()["h1"]).endpoints[0].ports
    assert read == found.hosts[0].endpoints[0].ports
    assert not any(port.given for port in read)


def test_each_host_has_its_own_and_nobody_without_such_a_port_is_recorded() -> None:
    found = plan(host(1, shop("a", "80"), shop("b", "80:80"), networks=[WEB]), host(2, shop("a", "80"), networks=[WEB]))
    assert sorted(found.lock.ports) == ["h1/a", "h2/a"]


def test_a_recorded_port_stays_whoever_comes() -> None:
    lock = plan(host(1, shop("m", "80"), networks=[WEB])).lock
    (number,) = lock.ports["h1/m"].values()
    rivals = [shop("a%d" % step, "80", "81-89") for step in range(200)]
    found = plan(host(1, *rivals, shop("m", "80"), networks=[WEB]), lock=Lock("main", ports={"h1/m": {"80/tcp": number}, "h1/gone": {"80/tcp": 50000}}))
    assert found.lock.ports["h1/m"] == {"80/tcp": number}
    assert "h1/gone" not in found.lock.ports
    taken = [one for held in found.lock.ports.values() for wish, first in held.items() for one in range(first, first + (9 if "-" in wish else 1))]
    assert len(taken) == len(set(taken)) == 2001
    assert plan(host(1, shop("m", "80"), *rivals, networks=[WEB]), lock=found.lock).lock == found.lock


def test_a_recorded_port_that_somebody_names_is_chosen_anew() -> None:
    lock = Lock("main", ports={"h1/a": {"80/tcp": 50000, "70-72/tcp": 60000, "9/udp": 50000}})
    found = plan(host(1, shop("a", "80", "70-72", "9/udp"), shop("b", "50000:1", "192.0.2.1:60002:2"), networks=[WEB]), lock=lock)
    held = found.lock.ports["h1/a"]
    assert held["9/udp"] == 50000
    assert held["80/tcp"] != 50000
    assert held["70-72/tcp"] not in range(59998, 60003)
    assert found.warnings == ()


def test_a_recorded_port_is_valid_at_another_address() -> None:
    lock = Lock("main", ports={"h1/a": {"192.0.2.2::80/tcp": 50000}})
    found = plan(host(1, shop("a", "192.0.2.2::80"), shop("b", "192.0.2.1:50000:1"), networks=[WEB]), lock=lock)
    assert found.lock.ports == lock.ports


def test_a_port_recorded_twice_says_who_moved() -> None:
    lock = Lock("main", ports={"h1/a": {"80/tcp": 50000}, "h1/b": {"80/tcp": 50000, "80/udp": 50000}, "h2/a": {"80/tcp": 50000}})
    found = plan(host(1, shop("a", "80"), shop("b", "80", "80/udp"), networks=[WEB]), host(2, shop("a", "80"), networks=[WEB]), lock=lock)
    (said,) = found.warnings
    moved = found.lock.ports["h1/b"]["80/tcp"]
    assert said == (
        "ports of host h1: the lock file gives port 50000/tcp to 80/tcp of h1/a and to 80/tcp of h1/b, as after a merge of two branches;"
        " 80/tcp of h1/a keeps it, 80/tcp of h1/b has port %d/tcp now" % moved
    )
    assert (found.lock.ports["h1/a"]["80/tcp"], found.lock.ports["h1/b"]["80/udp"], found.lock.ports["h2/a"]["80/tcp"]) == (50000, 50000, 50000)


def test_where_none_is_free_one_problem_says_so() -> None:
    (said,) = problems(host(1, shop("a", "49153-65535:1-16383", "80"), shop("b", "80", "81"), networks=[WEB]))
    assert said == 'hostvars[h1].fleet_endpoints[a].ports[1]: got string "80/tcp": no port of the host from 49153 to 65535 is free; name a port of the host'


def test_a_lock_without_ports_says_nothing_of_them() -> None:
    assert "ports" not in render_lock(plan(host(1, shop("a", "80:80"), networks=[WEB])).lock)
    found = plan(host(1, shop("a", "80", "192.0.2.1::53-54/udp"), networks=[WEB])).lock
    assert parse_lock(render_lock(found), scope="main", name="x") == found
