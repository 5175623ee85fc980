# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compose files, translated and then read by the reader of declarations."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.netloom.container_net.plugins.filter.from_compose import FilterModule, from_compose
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Document

DOCUMENTS: List[Dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "documents.yml").read_text())
NETWORK = "networks: {n: {ipam: {config: [{subnet: 10.3.0.0/24}]}}}"


def _translate(text: str) -> Dict[str, Any]:
    return from_compose(text, "shop")


def _read(text: str) -> Document:
    translated = _translate(text)
    return read_document({"networks": translated["networks"], "endpoints": translated["endpoints"]})


def _is_as_said(said: str, found: List[str]) -> bool:
    words = said.split()
    return len(words) == len(found) and all(word in ("*", value) for word, value in zip(words, found))


@pytest.mark.parametrize("case", DOCUMENTS, ids=[case["name"] for case in DOCUMENTS])
def test_all_that_is_not_translated_is_noted(case: Dict[str, Any]) -> None:
    notes = _translate(case["text"])["untranslated"]
    assert sorted(note["path"] for note in notes) == sorted(case.get("notes", []))
    assert all(set(note) == {"path", "value", "reason"} and note["reason"] for note in notes)


@pytest.mark.parametrize("case", [case for case in DOCUMENTS if "fleet" not in case], ids=lambda case: case["name"])
def test_the_reader_reads_what_compose_said(case: Dict[str, Any]) -> None:
    document = _read(case["text"])
    subnets = {network.name: [subnet.subnet for subnet in network.subnets] for network in document.networks}
    assert list(subnets) == list(case.get("nets", {}))
    for name, said in case.get("nets", {}).items():
        assert _is_as_said(said, subnets[name]), (name, subnets[name])
    assert [endpoint.name for endpoint in document.endpoints] == list(case["at"])
    ports = []
    for endpoint in document.endpoints:
        said = case["at"][endpoint.name]
        if isinstance(said, str):
            assert endpoint.network_mode == said
        else:
            assert [attachment.network for attachment in endpoint.attachments] == list(said)
            for attachment in endpoint.attachments:
                assert _is_as_said(said[attachment.network], [str(a).partition("/")[0] for a in attachment.addresses]), attachment
        for port in endpoint.ports:
            published = "*" if port.given else port.published
            ports.append("%s %s %s %d %s %d" % (endpoint.name, port.host_ip or "-", published, port.target, port.protocol, port.count))
    assert ports == case.get("ports", [])


def test_a_parsed_file_is_taken_as_well() -> None:
    text = "services: {a: {ports: ['80:80'], networks: [n]}}\n" + NETWORK
    assert from_compose(yaml.safe_load(text), "shop") == _translate(text)
    assert list(FilterModule().filters()) == ["from_compose"]


def test_the_container_is_that_of_compose() -> None:
    text = "name: inner\nservices: {a: {}, b: {container_name: bee}}"
    assert [entry["container"] for entry in from_compose(text)["endpoints"]] == [{"docker": "inner-a-1"}, {"docker": "bee"}]
    assert from_compose(text, "outer")["endpoints"][0]["container"] == {"docker": "outer-a-1"}


def test_keys_of_a_network_are_ours() -> None:
    by_name = {case["name"]: case["text"] for case in DOCUMENTS}
    bridge = _translate(by_name["options of a bridge"])["networks"][0]
    expected = {"name": "n", "ipam_config": [{"subnet": "10.8.0.0/24"}], "bridge_name": "br-shop", "mtu": 1400, "enable_icc": False, "masquerade": True}
    assert bridge == {**expected, "labels": {"team": "shop"}}
    lan = _translate(by_name["macvlan at home"])
    assert (lan["networks"][0]["driver"], lan["networks"][0]["parent"], lan["networks"][0]["mode"]) == ("macvlan", "eth0.20", "bridge")
    assert lan["endpoints"][0]["networks"][0]["mac_address"] == "02:11:22:33:44:55"
    overlay = _translate(by_name["overlay"])["networks"][0]
    assert overlay == {"name": "mesh", "driver": "overlay", "ipam_config": [{"subnet": "10.60.0.0/16"}]}
    fixed = _translate(by_name["fixed addresses"])
    subnet = {"subnet": "172.28.0.0/16", "ip_range": "172.28.5.0/24", "gateway": "172.28.5.254", "aux_addresses": {"printer": "172.28.1.5"}}
    assert fixed["networks"][0]["ipam_config"] == [subnet]
    assert fixed["endpoints"][0]["networks"][0]["aliases"] == ["api", "www"]
    attached = _translate(by_name["keys of an attachment"])["endpoints"][0]["networks"][0]
    expected = {"name": "n", "gw_priority": 1, "interface_name": "lan0", "sysctls": {"net.ipv4.conf.IFNAME.rp_filter": "2"}}
    assert attached == expected
    assert _translate(by_name["three tiers"])["networks"][1]["internal"] is True
    refused = _translate(by_name["variables, and what the reader refuses"])["endpoints"][0]
    assert refused["networks"] == [{"name": "n", "aliases": ["good"]}]
    assert refused["sysctls"] == {"net.core.somaxconn": 9}


def test_a_chosen_subnet_stays_when_others_come() -> None:
    one = _translate("services: {a: {networks: [n]}}\nnetworks: {n: {}}")["networks"]
    two = _translate("services: {a: {networks: [n]}}\nnetworks: {m: {}, n: {}}")["networks"]
    assert one[0] == two[1]
    assert one[0]["ipam_config"] != two[0]["ipam_config"]
    with pytest.raises(AnsibleFilterError, match="all of its subnets are in use"):
        from_compose("services: {a: {}}\nnetworks: {m: {}}", "shop", "10.77.3.0/24")
    assert from_compose("services: {a: {}}", "shop", "10.77.3.0/24")["networks"][0]["ipam_config"] == [{"subnet": "10.77.3.0/24"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a", "compose: got list of 1: expected a map"),
        ("a: [", "not YAML: while parsing"),
        ("a: !reset 1", "not YAML"),
        ("networks: {}", "services"),
        ("services: [a]", "services: got list of 1: expected a map"),
        ("services: {a: 1}", 'services.a: got integer "1": expected a map'),
        ("services: {a: {ports: 80}}", "services.a.ports: got integer"),
        ("services: {a: {ports: ['x:80']}}", 'services.a.ports[0]: got string "x:80": not a port of Compose'),
        ("services: {a: {ports: ['70000:80']}}", "services.a.ports[0]"),
        ("services: {a: {ports: ['90-80:90-80']}}", "services.a.ports[0]"),
        ("services: {a: {ports: [{published: 80}]}}", "the target port is missing"),
        ("services: {a: {ports: [{published: 80, target: true}]}}", "services.a.ports[0]"),
        ("services: {a: {ports: ['1.2.3.400:80:80']}}", "host_ip is no IP address"),
        ("services: {a: {container_name: '-a'}}", "endpoints[a].container.docker"),
        ("services: {a: {network_mode: 'service:b'}}", "no service is called b"),
        ("services: {a: {networks: 5}}", "services.a.networks: got integer"),
        ("services: {a: {networks: [n]}}\nnetworks: {n: {ipam: {config: [{subnet: '${NET}'}]}}}", "networks[n].ipam_config[0].subnet"),
        ("services: {a: {networks: [n]}}\nnetworks: {n: {ipam: &i {config: [{subnet: 10.0.0.0/24}]}}, m: {ipam: *i}}", "overlaps"),
        ("services: {a: {networks: [b]}}", "services.a.networks.b"),
        ("services: {a: {networks: [n]}}\nnetworks: {n: {internal: maybe}}", "networks.n.internal"),
        ("services: {a: {networks: [n]}}\nnetworks: {n: {ipam: {config: {subnet: 1}}}}", "networks.n.ipam.config"),
        ("services: {a: {networks: [n]}}\nnetworks: {n: {driver_opts: {com.docker.network.driver.mtu: big}}}", "expected a number"),
    ],
)
def test_bad_input_is_one_clear_error(text: str, said: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        _translate(text)
    assert str(caught.value).startswith("from_compose: 1 input error")
    assert said in str(caught.value)


@pytest.mark.parametrize("pool", ["10.0.0.0/25", "x", "fd00::/64", "10.1.2.3/8"])
def test_a_bad_pool_is_refused(pool: str) -> None:
    with pytest.raises(AnsibleFilterError, match="pool: got"):
        from_compose("services: {a: {}}", "shop", pool)


def test_an_unknown_project_is_said() -> None:
    with pytest.raises(AnsibleFilterError, match=r"services\.a.*give project"):
        from_compose("services: {a: {}}")
