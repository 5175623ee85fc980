# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock import Lock, LockFileError, parse_lock, render_lock

FULL = Lock(
    scope="main",
    vteps={"h2": "192.0.2.2", "h1": "fd00::1", "10.0.0.5": "192.0.2.3"},
    vnis={"mesh": 4200, "Yes": 5},
    addresses={
        "web": {"h1/api": ("10.20.0.5",), "on/7": ("fd00:20::5",)},
        "mesh": {"api": ("10.60.0.5", "fd00:60::5"), "no": ("10.60.0.6",)},
        "empty": {},
    },
    ports={"h1/api": {"80/tcp": 49153, "[fd00::2]::53-54/udp": 65534}, "on/7": {"192.0.2.1::80/tcp": 50000}},
)
HEAD = "version: 1\nscope: main\n"


def test_text_reads_back_as_the_same_choices() -> None:
    back = parse_lock(render_lock(FULL), scope="main", name="x")
    assert (back.vteps, back.vnis) == (FULL.vteps, FULL.vnis)
    assert back.ports == FULL.ports
    assert back.addresses == {network: held for network, held in FULL.addresses.items() if held}


def test_any_yaml_reader_sees_the_same() -> None:
    raw = yaml.safe_load(render_lock(FULL))
    assert raw["vteps"] == FULL.vteps
    assert raw["vnis"] == FULL.vnis
    assert raw["ports"] == FULL.ports
    assert raw["addresses"]["mesh"] == {"api": ["10.60.0.5", "fd00:60::5"], "no": ["10.60.0.6"]}


def test_text_depends_on_content_only() -> None:
    shuffled = Lock("main", dict(reversed(FULL.vteps.items())), dict(reversed(FULL.vnis.items())), dict(reversed(FULL.addresses.items())))
    assert render_lock(replace(shuffled, ports=dict(reversed(FULL.ports.items())))) == render_lock(FULL)


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n"])
def test_an_empty_file_records_nothing(text: str) -> None:
    assert parse_lock(text, scope="main", name="x") == Lock("main")


def test_spelling_is_made_canonical() -> None:
    assert parse_lock(HEAD + "vteps: {h1: 'FD00:0::1'}\n", scope="main", name="x").vteps == {"h1": "fd00::1"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not valid YAML"),
        ("<<<<<<< HEAD\nversion: 1\n=======\n", "not valid YAML"),
        ("\0\1\2", "not valid YAML"),
        ("[1]", "expected a map with the key 'version', got list"),
        ("text", "expected a map with the key 'version', got string"),
        ("scope: main", "expected 'version: 1', got None"),
        ("version: 2\nscope: main", "expected 'version: 1', got '2'"),
        ("version: 1", "belongs to scope None, this plan is for scope 'main'"),
        ("version: 1\nscope: other", "belongs to scope 'other', this plan is for scope 'main'"),
        (HEAD + "vtep: {}", "unknown key 'vtep'"),
        (HEAD + "vnis: {a: 1, a: 2}", "line 3: key 'a' occurs twice"),
        (HEAD + "vnis: &a {a: 1}\nvteps: *a", "line 4: an alias is not allowed"),
        (HEAD + "vnis: {? [a] : 1}", "a key must be text"),
        (HEAD + "vnis: !!python/object:os.system {}", "line 3: a tag is not allowed"),
        (HEAD + "---\nversion: 1", "expected one document, got 2"),
        (HEAD + "vnis: []", "vnis: expected a map, got list"),
        (HEAD + "vnis: {a: 0}", "vnis.a: expected a number from 1 to 16777215, got '0'"),
        (HEAD + "vnis: {a: 16777216}", "vnis.a: expected a number"),
        (HEAD + "vnis: {a: 1_0}", "vnis.a: expected a number"),
        (HEAD + "vteps: {h1: 300.0.0.1}", "vteps.h1: '300.0.0.1' does not appear to be an IPv4 or IPv6 address"),
        (HEAD + "vteps: {h1: [192.0.2.1]}", "vteps.h1: expected an address, got list"),
        (HEAD + "addresses: {web: [a]}", "addresses.web: expected a map, got list"),
        (HEAD + "addresses: {web: {api: 10.0.0.1}}", "addresses.web.api: expected a list of one IPv4 address"),
        (HEAD + "addresses: {web: {api: []}}", "addresses.web.api: expected a list"),
        (HEAD + "addresses: {web: {api: [10.0.0.1, 10.0.0.2]}}", "addresses.web.api: expected one address of each family"),
        (HEAD + "ports: {h1/a: 5}", "ports.h1/a: expected a map, got string"),
        (HEAD + "ports: {h1/a: {80/tcp: 65536}}", "ports.h1/a.80/tcp: expected a number from 1 to 65535, got '65536'"),
        (HEAD + "ports: {h1/a: {80/tcp: [80]}}", "ports.h1/a.80/tcp: expected a number from 1 to 65535, got ['80']"),
        (HEAD + '"a\\e[31mb": 1', "unknown key 'a\\x1b[31mb'"),
        (HEAD + 'vteps: {"h\\0": 192.0.2.1}', "vteps: the key 'h\\x00' is no name"),
        (HEAD + 'vteps: {"h\\n1": 192.0.2.1}', "vteps: the key 'h\\n1' is no name"),
        (HEAD + 'next_hops: {"": [192.0.2.1]}', "next_hops: the key '' is no name"),
        (HEAD + 'addresses: {"w\\r": {a: [10.0.0.1]}}', "addresses: the key 'w\\r' is no name"),
        (HEAD + 'parts: {web: {"h\\x7f": [10.0.0.0/24]}}', "parts.web: the key 'h\\x7f' is no name"),
        (HEAD + "vteps: {a: x, b: x, c: x, d: x, e: x, f: x, g: x}", "and 2 more"),
    ],
)
def test_garbled_content_is_refused(text: str, words: str) -> None:
    with pytest.raises(LockFileError) as caught:
        parse_lock(text, scope="main", name="fleet.lock.yml")
    assert str(caught.value).startswith("fleet.lock.yml: ")
    assert words in str(caught.value)
    assert str(caught.value).isprintable()
