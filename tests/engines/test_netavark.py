# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Podman puts its containers on a declared network by the plugin of netavark: that of Debian 13, whose Python runs the plugin, too."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.names import STORE_DIRECTORY
from ansible_collections.netloom.container_net.plugins.plugin_utils.program import build_program
from engines import CGROUP, SERVE, Folders, Podman, answers
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, converge, give_uplink
from harness.host import sh
from harness.restarts import container_net, own_disk
from harness.snapshot import assert_same, take_snapshot

DEBIAN = Path(__file__).resolve().parents[2] / "build" / "debian13"
WEB = Declaration([network("web", V4, V6)], [endpoint("a", "web")])
GUESTS = Path("/run/container_net/guests.json")
PLUGIN = Path("/run/netavark/container-net")
BACKEND = '[network]\nnetwork_backend = "netavark"\nnetavark_plugin_dirs = ["%s"]\nnetwork_config_dir = "%s"\n'

pytestmark = [
    pytest.mark.fake_host(timeout=300.0),
    pytest.mark.skipif(not DEBIAN.exists(), reason="there is no Podman that takes plugins of netavark: make test-long makes a Debian 13 for it"),
]


def prepare() -> None:
    """Keep a declaration, let the files of Debian 13 see this host, and put the plugin where its Podman looks for it."""
    own_disk()
    sh("mount --make-shared /run; mount --bind {0} {0}; for part in proc sys dev run; do mount --rbind /$part {0}/$part; done".format(DEBIAN))
    give_uplink()
    converge(WEB, persist=True)
    sh("mkdir -p {0}{1}; mount --bind {1} {0}{1}".format(DEBIAN, STORE_DIRECTORY))
    PLUGIN.parent.mkdir()
    PLUGIN.write_bytes(build_program("/usr/bin/python3"))
    PLUGIN.chmod(0o755)


def guests() -> List[Dict[str, Any]]:
    found: List[Dict[str, Any]] = json.loads(GUESTS.read_text(encoding="ascii"))["guests"] if GUESTS.exists() else []
    return found


def test_podman(folders: Folders) -> None:
    prepare()
    before = take_snapshot()
    command = ("chroot", str(DEBIAN), "/usr/bin/env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "PODMAN_IGNORE_CGROUPSV1_WARNING=1", "podman")
    with Podman(folders["podman"].with_name("podman13"), folders["tree"], command) as podman:
        settings = Path(os.environ["CONTAINERS_CONF"])
        settings.write_text(settings.read_text() + BACKEND % (PLUGIN.parent, settings.with_name("networks")))
        with pytest.raises(AssertionError, match="scope 'main' declares no network 'db'; there are: web"):
            podman.call("network", "create", "--driver", "container-net", "db")
        podman.call("network", "create", "--driver", "container-net", "--opt", "network=web", "shops")
        (shown,) = json.loads(podman.call("network", "inspect", "shops"))
        assert [item["subnet"] for item in shown["subnets"]] == [V4["subnet"], V6["subnet"]]
        options = ["--detach", "--network", "shops", "--cgroup-parent", CGROUP, "--stop-signal", "SIGKILL"]
        podman.call("run", *options, "--name", "shop", "--publish", "8080:80", "--ip", "10.20.0.77", "--rootfs", str(folders["tree"]), *SERVE, "shop")
        podman.call("run", *options, "--name", "other", "--rootfs", str(folders["tree"]), *SERVE, "other")
        given = podman.inspect("other")["NetworkSettings"]["Networks"]["shops"]
        assert {(one["ipv4_address"], one["ipv6_address"]) for one in guests()} >= {(given["IPAddress"], given["GlobalIPv6Address"])}
        questions = [("a", "tcp", "10.20.0.77", 80), ("outside", "tcp", "192.0.2.1", 8080), ("a", "tcp", given["GlobalIPv6Address"], 80)]
        answers(questions, "shop", "shop", "other")
        shop = podman.inspect("shop")["NetworkSettings"]["Networks"]["shops"]
        assert [(one["network"], one["configuration"], one["ports"]) for one in guests() if one["ipv4_address"] == "10.20.0.77"] == [
            ("web", "shops", ["8080:80/tcp"])
        ]
        converge(WEB, persist=True)
        assert container_net("check") == ["main: in order"]
        # Podman listens on the port itself, and must not stand in the way of its own container.
        sh("iptables-save -t nat | grep -v 8080 | iptables-restore -T nat")
        assert container_net("restore")[-1] == "main: 1 thing brought back"
        answers(questions[:2], "shop")
        podman.call("network", "reload", "shop")
        assert podman.inspect("shop")["NetworkSettings"]["Networks"]["shops"]["MacAddress"] == shop["MacAddress"]
        answers(questions[:2], "shop")
        podman.restart("shop")
        answers(questions[:2], "shop")
        podman.remove("other")
        podman.remove("shop")
        assert guests() == []
        podman.remove_network("shops")
    assert_same(before)
