# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of each key is what its reader does: type, choices, range, default, example."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from typing import Any, Dict, Iterator, List, Tuple

import pytest
import yaml
from ansible_collections.netloom.container_net.docs.generate.maps import list_maps
from ansible_collections.netloom.container_net.plugins.module_utils._document.attachment import ATTACHMENT
from ansible_collections.netloom.container_net.plugins.module_utils._document.devices import DEVICE
from ansible_collections.netloom.container_net.plugins.module_utils._document.endpoint import ENDPOINT
from ansible_collections.netloom.container_net.plugins.module_utils._document.entry import Entry
from ansible_collections.netloom.container_net.plugins.module_utils._document.ipam import IPAM
from ansible_collections.netloom.container_net.plugins.module_utils._document.links import END, LINK, TUNNEL
from ansible_collections.netloom.container_net.plugins.module_utils._document.network import COMMON, network_schema
from ansible_collections.netloom.container_net.plugins.module_utils._document.ports import PORT
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._document.routes import ATTACHMENT_ROUTE, ROUTE
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.overlay import keys as overlay
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.routed import keys as routed
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.table import DRIVERS, find_driver
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Attachment
from ansible_collections.netloom.container_net.plugins.module_utils._schema.reading import Read, Shape
from ansible_collections.netloom.container_net.plugins.module_utils._schema.schema import Field, Schema

BUILT_IN = tuple(DRIVERS)
SCHEMAS: Tuple[Schema, ...] = tuple({item.schema.name: item.schema for item in list_maps()}.values())
FIELDS: List[Tuple[str, Field[Any]]] = [("%s: %s" % (schema.name, field.key), field) for schema in SCHEMAS for field in schema.fields]


def refuses(read: Read[Any], value: Any) -> bool:
    problems: List[Any] = []
    read(value, "x", problems)
    return bool(problems)


def takes(read: Read[Any], value: Any) -> bool:
    problems: List[Any] = []
    return read(value, "x", problems) is not None and not problems


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=[name for name, _field in FIELDS])
def test_a_field_says_what_its_reader_does(name: str, field: Field[Any]) -> None:
    shape = field.read.shape
    for choice in shape.choices:
        assert takes(field.read, choice)
    if shape.choices:
        assert refuses(field.read, "no-such-word")
    if shape.type == "int":
        assert shape.low is not None
        assert shape.high is not None
        assert takes(field.read, shape.low)
        assert takes(field.read, shape.high)
        assert refuses(field.read, shape.low - 1)
        assert refuses(field.read, shape.high + 1)
    wrong: Dict[str, List[Any]] = {
        "int": ["x", True, [], {}],
        "bool": ["true", 1, [], {}],
        "str": [1.5, True, [], {}],
        "list": ["x", 1, {}],
        "dict": ["x", 1, []],
        "raw": [None],
    }
    for value in wrong[shape.type]:
        assert refuses(field.read, value), value
    if shape.type == "list":
        assert shape.elements is not None
        assert takes(field.read, []) or field.required
    if shape.type == "dict":
        assert (shape.schema is None) != (shape.values is None)


def texts(shape: Shape) -> Iterator[Shape]:
    if shape.type == "str":
        yield shape
    for inside in (*shape.either, shape.elements, shape.values):
        if inside is not None:
            yield from texts(inside)


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=[name for name, _field in FIELDS])
def test_a_field_has_words_for_people(name: str, field: Field[Any]) -> None:
    assert field.words.endswith(".")
    assert field.words.isascii()
    assert not field.default_words.endswith(".")
    assert all(shape.what or shape.choices for shape in texts(field.read.shape))
    if field.required:
        assert not field.default_words
    if field.example:
        assert takes(field.read, yaml.safe_load(field.example)) or field is routed.HOST_PREFIX


@pytest.mark.parametrize("schema", SCHEMAS, ids=[schema.name for schema in SCHEMAS])
def test_a_key_stands_once_in_its_map(schema: Schema) -> None:
    assert len(schema.keys) == len(schema.fields)
    assert not schema.keys & schema.elsewhere.keys()
    assert {*schema.one_of, *schema.absent} <= schema.keys


# What may be written somewhere: every character of names, addresses in every spelling, marks, ports, paths.
SPELLINGS = ("a", "Az09_-.x", "x" * 15, "x" * 63, "x" * 255, " !~", "eth0.4094", "abcdefghi.1", "0", "7", "80", "65535", "8000-8010", "80-80", "none", "host")
SPELLINGS += ("container:Az09_-.x", "aB", "A9_.-z", "/", "/run/netns/ x~", "10.0.0.1", "255.1.20.9", "fd00::A", "FD00:0:0:0:0:0:0:1", "::2", "fd00::1.2.3.4")
SPELLINGS += ("10.20.0.0/24", "10.0.0.0/8", "10.0.0.5/32", "fd00::/64", "FD00:0::/48", "2001:DB8::7/128", "10.20.0.5/24", "fd00::5/64", "10.0.0.9-10.0.0.20")
SPELLINGS += ("fd00::A-fd00::b", "02:aB:Cd:eF:09:fE", "0000:0a:1F.7", "aB:1c.0", "53/udp", "1/sctp", "80:80", "8000-8010:80-90/tcp", "10.0.0.1:80:80")
SPELLINGS += ("[FD00::1]:80:80/udp", "0.0.0.0:1:1", "0x1", "0XfF/0xFf", "1/4294967295", "lo", "tcp", "65000:1", "500kbit", "100mbit", "64kib", "2mib")
SPELLINGS += ("20ms", "1s", "0.5%", "100%", "cs5", "63")


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=[name for name, _field in FIELDS])
def test_a_pattern_covers_whatever_the_reader_takes(name: str, field: Field[Any]) -> None:
    of_one = [shape for shape in (field.read.shape, *field.read.shape.either) if shape.type == "str"]
    lists = [shape.elements for shape in (field.read.shape, *field.read.shape.either) if shape.elements is not None]
    of_many = [shape for one in lists for shape in (one, *one.either) if shape.type == "str"]
    for shapes, wrap in ((of_one, lambda text: text), (of_many, lambda text: [text])):
        taken = [text for text in SPELLINGS if shapes and takes(field.read, wrap(text))]
        for text in taken:
            assert any(text in shape.choices if shape.choices else re.fullmatch("(?:%s)" % shape.pattern, text) for shape in shapes), text
        assert taken or all(shape.choices for shape in shapes)


def test_no_two_maps_are_called_the_same() -> None:
    assert len({id(item.schema) for item in list_maps()}) == len(SCHEMAS)


def test_no_driver_has_a_key_of_every_network() -> None:
    for name in BUILT_IN:
        assert not find_driver(name).schema.keys & COMMON.keys
        assert network_schema(name).keys == find_driver(name).schema.keys | COMMON.keys


WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}
HERE = {"vni": 5, "vtep_address": "192.0.2.1"}
OVERLAY_PEER = {"host": "h2", "vtep": "192.0.2.2"}
FAR = {"name": "db", "mac": "02:00:00:00:00:05", "vtep": "192.0.2.2"}
PART = {"host": "h2", "next_hops": "192.0.2.2", "subnets": ["10.62.2.0/24"]}
MESH = {"name": "mesh", "driver": "overlay", **HERE, "peers": [OVERLAY_PEER], "remote_endpoints": [FAR]}
WIDE = {"name": "wide", "driver": "routed", "ipam_config": [{"subnet": "10.62.1.0/24"}], "reach": ["10.62.0.0/16"], "peers": [PART]}
NETWORKS: Dict[str, Dict[str, Any]] = {"bridge": WEB, "overlay": MESH, "routed": WIDE, "macvlan": {"name": "m", "driver": "macvlan"}}
NETWORKS["ipvlan"] = {"name": "i", "driver": "ipvlan"}
ENDPOINTS: List[Dict[str, Any]] = [
    {
        "name": "api",
        "container": {"netns": "api"},
        "networks": [{"name": "web", "routes": [{"destination": "198.51.100.0/24", "gateway": "10.20.0.9"}]}],
        "ports": [{"published": 80, "target": 80}],
        "routes": [{"destination": "203.0.113.0/24", "gateway": "10.20.0.9"}],
        "devices": [{"name": "eth9"}],
    },
    {"name": "bare", "container": {"netns": "bare"}},
]
LINKS: List[Dict[str, Any]] = [
    {"name": "wire", "ends": [{"endpoint": "bare"}, {"endpoint": "api"}]},
    {"name": "tube", "ends": [{"endpoint": "bare"}], "tunnel": {"vni": 9, "remote": "192.0.2.2"}},
]
# The key is called otherwise in the model.
RENAMED = {
    "snat_address": "snat_addresses",
    "snat_address_elsewhere": "snat_elsewhere",
    "ipam_config": "subnets",
    "host_prefix": "host_prefixes",
    "networks": "attachments",
}
RENAMED_OF_ATTACHMENT = {"addresses": "more"}  # its addresses are all of them
# Nothing of it is in the model, or something else.
NOT_THERE = frozenset(("driver", "state", "enable_ipv6", "encryption", "control_plane", "default_route"))
# The model is also made of what a fleet's plan lists, whose peers are not foreign.
OTHER_IN_THE_MODEL = frozenset((("Peer", "foreign"),))


def models() -> Iterator[Tuple[str, Schema, Dict[str, Any], Any]]:
    """Yield what is declared with the fewest keys and read: name, its schema, the declaration and the model."""
    for driver, raw in NETWORKS.items():
        (network,) = read_document({"networks": [raw]}).networks
        yield driver, network_schema(driver), raw, network
        if driver == "overlay":
            yield "peer", overlay.PEER, OVERLAY_PEER, network.peers[0]  # type: ignore[attr-defined]
            yield "remote endpoint", overlay.REMOTE_ENDPOINT, FAR, network.remote_endpoints[0]
        if driver == "routed":
            yield "routed peer", routed.PEER, PART, network.peers[0]  # type: ignore[attr-defined]
    document = read_document({"networks": [WEB], "endpoints": ENDPOINTS, "links": LINKS})
    raw, (api, bare), (wire, tube) = ENDPOINTS[0], document.endpoints, document.links
    yield "subnet", IPAM, WEB["ipam_config"][0], document.networks[0].subnets[0]  # type: ignore[index]
    yield "endpoint", ENDPOINT, ENDPOINTS[1], bare
    yield "attachment", ATTACHMENT, raw["networks"][0], api.attachments[0]
    yield "port", PORT, raw["ports"][0], api.ports[0]
    yield "route", ROUTE, raw["routes"][0], api.routes[0]
    yield "attachment's route", ATTACHMENT_ROUTE, raw["networks"][0]["routes"][0], api.attachments[0].routes[0]
    yield "device", DEVICE, raw["devices"][0], api.devices[0]
    yield "wire", LINK, LINKS[0], wire
    yield "end", END, LINKS[0]["ends"][0], wire.ends[0]
    yield "tunnel", TUNNEL, LINKS[1]["tunnel"], tube.tunnel


MODELS = list(models())


def defaults_of(model: Any) -> Dict[str, Any]:
    if isinstance(model, tuple):
        return dict(type(model)._field_defaults)  # type: ignore[attr-defined]
    return {item.name: item.default if item.default_factory is MISSING else item.default_factory() for item in fields(model)}


@pytest.mark.parametrize(("schema", "raw", "model"), [row[1:] for row in MODELS], ids=[row[0] for row in MODELS])
def test_the_default_of_a_field_is_that_of_the_model(schema: Schema, raw: Dict[str, Any], model: Any) -> None:
    said = defaults_of(model)
    compared = 0
    for field in schema.fields:
        name = (RENAMED_OF_ATTACHMENT if isinstance(model, Attachment) else RENAMED).get(field.key, field.key)
        if field.key in raw or field.key in NOT_THERE or field.default_words:
            continue
        compared += 1
        expected = dict(field.default) if field.key == "aux_addresses" else field.default
        assert getattr(model, name) == expected or (not expected and not getattr(model, name)), field.key
        if said.get(name, MISSING) is not MISSING and (type(model).__name__, name) not in OTHER_IN_THE_MODEL:
            assert said[name] == expected or (not expected and not said[name]), field.key
    assert compared or schema in (PORT, END, IPAM, ATTACHMENT_ROUTE, overlay.PEER, overlay.REMOTE_ENDPOINT, routed.PEER)


def test_a_network_by_its_name_is_one_without_options() -> None:
    def attachments(*networks: Any) -> Any:
        return read_document({"networks": [WEB], "endpoints": [{"name": "a", "container": {"netns": "a"}, "networks": list(networks)}]}).endpoints

    assert attachments("web") == attachments({"name": "web"})


def test_a_key_that_is_missing_or_faulty_has_its_default() -> None:
    field = Field("room", ATTACHMENT.fields[0].read, "usual", "A room.")
    problems: List[Any] = []
    assert Entry({}, "x", problems).get(field) == "usual"
    assert not problems
    assert Entry({"room": 5}, "x", problems).get(field) == "usual"
    assert [str(problem) for problem in problems] == ['x.room: got integer "5": expected a name; quote it']
