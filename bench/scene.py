# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stage all contenders play on: one simulated host, one client beside it, N endpoints to provide."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

KEPT = "/var/lib/container_net"
BRIDGE = "br-bench"
SUBNET = "10.123.0.0/16"
GATEWAY = "10.123.0.1"
PREFIX = 16
UPLINK = "up0"
HOST_ADDRESS = "198.18.0.1"
CLIENT_ADDRESS = "198.18.0.2"
CLIENT = "bench-client"
TARGET_PORT = 80
FIRST_PUBLISHED_PORT = 20000

_LISTENER = """
import socket
server = socket.create_server(("0.0.0.0", %d))
print("listening", flush=True)
connection, dummy = server.accept()
connection.sendall(b"%s")
"""
_CALLER = """
import socket
with socket.create_connection(("%s", %d), timeout=5) as connection:
    print(connection.recv(100).decode())
"""


class Pair(NamedTuple):
    """Two endpoints of one bridge, as paths of their namespaces. The first has address 0, and all ports are published for it."""

    first: str
    second: str


class Missing(Exception):
    """A contender is not on this machine."""


@dataclass(frozen=True)
class Measurement:
    """Seconds to provide all endpoints, and to find on a second run that nothing is to be done, where a contender can do that."""

    seconds: float
    again: Optional[float] = None


def unshare(*more: str) -> List[str]:
    """What a command goes behind that gets namespaces of its own, with a private /run. What this machine keeps for its next start is not seen there."""
    apart = 'mount -t tmpfs tmpfs /run; if [ -d %s ]; then mount -t tmpfs tmpfs %s; fi; exec "$@"' % (KEPT, KEPT)
    return ["unshare", "-nm" if os.geteuid() == 0 else "-Urnm", *more, "--kill-child", "--", "sh", "-ec", apart, "sh"]


def tell(measured: Measurement) -> None:
    print(json.dumps(asdict(measured)), flush=True)


def measure_apart(*command: str, times: int = 1) -> Measurement:
    """Run a command in namespaces of its own and return the measurement it tells; of several times, the medians.

    What Python compiles of files that are loaded late is no part of it: that is measured by start.py. So one run more comes first, which writes bytecode.
    """
    told = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(times + 1 if times > 1 else 1):
            measured = Measurement(**json.loads(run([*unshare(), *command], environment=with_bytecode(folder))))
            if number or times == 1:
                told.append(measured)
    again = [measured.again for measured in told if measured.again is not None]
    return Measurement(statistics.median(measured.seconds for measured in told), statistics.median(again) if again else None)


def with_bytecode(folder: str) -> Dict[str, str]:
    """Return an environment in which bytecode is written and found, whoever may write beside the libraries."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": folder}


def endpoint(index: int) -> str:
    return "ep%d" % index


def address(index: int) -> str:
    return "10.123.%d.%d" % divmod(index + 2, 256)


def named_pair() -> Pair:
    return Pair(*("/run/netns/%s" % endpoint(index) for index in (0, 1)))


def published_port(index: int) -> int:
    return FIRST_PUBLISHED_PORT + index


def run(command: List[str], *, text: Optional[str] = None, environment: Optional[Dict[str, str]] = None) -> str:
    """Run a command; return its output, or raise with its own words."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise RuntimeError("%s: exit status %d: %s" % (" ".join(command), done.returncode, (done.stderr or done.stdout).strip()[-2000:]))
    return done.stdout


def batch(lines: List[str]) -> None:
    run(["ip", "-batch", "-"], text="\n".join(lines) + "\n")


def make_namespaces(count: int) -> None:
    """Make the endpoints' namespaces, for contenders that want them to exist."""
    batch(["netns add %s" % endpoint(index) for index in range(count)])


def raise_stage() -> None:
    """Inside new namespaces: an uplink to a client, forwarding on."""
    batch(
        [
            "link set lo up",
            "netns add %s" % CLIENT,
            "link add %s type veth peer name eth0 netns %s" % (UPLINK, CLIENT),
            "address add %s/30 dev %s" % (HOST_ADDRESS, UPLINK),
            "link set %s up" % UPLINK,
            "route add default via %s" % CLIENT_ADDRESS,
        ]
    )
    run(["ip", "-n", CLIENT, "-batch", "-"], text="address add %s/30 dev eth0\nlink set eth0 up\n" % CLIENT_ADDRESS)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def prove(index: int) -> None:
    """Reach an endpoint from the client through its published port, or raise."""
    word = "hello from %s" % endpoint(index)
    listener = subprocess.Popen(
        ["ip", "netns", "exec", endpoint(index), sys.executable, "-c", _LISTENER % (TARGET_PORT, word)], stdout=subprocess.PIPE, text=True
    )
    try:
        if listener.stdout is None or not listener.stdout.readline():
            raise RuntimeError("no listener could be started in %s" % endpoint(index))
        heard = run(["ip", "netns", "exec", CLIENT, sys.executable, "-c", _CALLER % (HOST_ADDRESS, published_port(index))]).strip()
        if heard != word:
            raise RuntimeError("published port %d answered %r, not %r" % (published_port(index), heard, word))
    finally:
        listener.kill()
        listener.wait()


def clear_stage() -> None:
    """Delete all namespaces, so that the kernel's work for them comes before what `settle` waits for."""
    run(["ip", "-all", "netns", "delete"])


def settle() -> None:
    """Wait until the kernel has torn down every namespace deleted so far, or the next measurement would pay for it.

    It does so in a queue, one after the other: a veth pair that reaches into a namespace deleted last is gone only after all earlier ones.
    """
    run(["ip", "netns", "add", "sentinel"])
    run(["ip", "link", "add", "sentinel0", "type", "veth", "peer", "name", "eth0", "netns", "sentinel"])
    run(["ip", "netns", "delete", "sentinel"])
    deadline = time.monotonic() + 300
    while os.path.exists("/proc/sys/net/ipv4/conf/sentinel0"):
        if time.monotonic() > deadline:
            raise RuntimeError("the kernel did not tear the deleted namespaces down in 300 seconds")
        time.sleep(0.05)
