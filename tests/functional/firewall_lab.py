# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A throw-away host with a private firewall, containers around it, and probes that send real packets."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from types import TracebackType
from typing import Dict, List, Optional, Sequence, Tuple, Type

from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.backend import Iptables
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.layout import Tools
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import Rule
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Snapshot
from ansible_collections.netloom.container_net.plugins.module_utils._plan.planner import plan
from ansible_collections.netloom.container_net.plugins.module_utils._plan.step import Step

VARIANTS = {
    variant: {
        4: Tools("iptables-%s-save" % variant, "iptables-%s-restore" % variant),
        6: Tools("ip6tables-%s-save" % variant, "ip6tables-%s-restore" % variant),
    }
    for variant in ("nft", "legacy")
}

# Listens on TCP and UDP ports of both families and answers with its name and the address it saw.
SERVER = textwrap.dedent("""\
    import selectors, socket, sys
    name, ports = sys.argv[1], [int(port) for port in sys.argv[2:]]
    chooser = selectors.DefaultSelector()
    for port in ports:
        for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                s = socket.socket(family, kind)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                s.bind((address, port))
                if kind == socket.SOCK_STREAM:
                    s.listen(64)
                chooser.register(s, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in chooser.select():
            s = key.fileobj
            if s.type == socket.SOCK_STREAM:
                c, peer = s.accept()
                try:
                    c.sendall(("%s %s" % (name, peer[0])).encode())
                except OSError:
                    pass
                c.close()
            else:
                _, peer = s.recvfrom(99)
                s.sendto(("%s %s" % (name, peer[0])).encode(), peer)
    """)

# Asks all (protocol, address, port, source) of a JSON list at once; null is no answer.
PROBE = textwrap.dedent("""\
    import json, socket, sys
    from concurrent.futures import ThreadPoolExecutor
    def ask(probe):
        protocol, address, port, source = probe
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        s = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
        s.settimeout(1.4 if protocol == "tcp" else 0.7)  # a first packet that a busy machine loses is sent again
        try:
            if source:
                s.bind((source, 0))
            if protocol == "tcp":
                s.connect((address, port))
                return s.recv(99).decode() or None
            for _again in range(2):  # the answer may leave from another address of the host
                s.sendto(b"?", (address, port))
                try:
                    return s.recv(99).decode() or None
                except socket.timeout:
                    pass
            return None
        except OSError:
            return None
        finally:
            s.close()
    probes = json.loads(sys.argv[1])
    with ThreadPoolExecutor(32) as pool:
        print(json.dumps(list(pool.map(ask, probes))))
    """)

# Prints whether a reset from the first address arrives at the second.
RESETS = textwrap.dedent("""\
    import socket, sys, time
    source, here = sys.argv[1:]
    s = socket.socket(socket.AF_INET6 if ":" in here else socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    s.bind((here, 0))
    print("ready", flush=True)
    s.settimeout(1)
    deadline = time.monotonic() + 1
    found = False
    try:
        while not found and time.monotonic() < deadline:
            found = s.recvfrom(999)[1][0] == source
    except socket.timeout:
        pass
    print(found)
    """)
SEND_RESETS = textwrap.dedent("""\
    import socket, struct, sys
    there = sys.argv[1]
    s = socket.socket(socket.AF_INET6 if ":" in there else socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    for port in range(5):
        s.sendto(struct.pack("!HHIIBBHHH", 40000 + port, 5999, 1, 1, 5 << 4, 4, 1024, 0, 0), (there, 0))
    """)

# Prints whether a datagram arrives, and whose.
HEAR = textwrap.dedent("""\
    import socket, sys
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind(("::", int(sys.argv[1])))
    print("ready", flush=True)
    s.settimeout(0.7)
    try:
        print(s.recvfrom(99)[1][0].replace("::ffff:", ""))
    except OSError:
        print("nobody")
    """)
SAY = textwrap.dedent("""\
    import socket, sys
    source, address, port = sys.argv[1:]
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((source, 40000))
    s.sendto(b"?", (address, int(port)))
    """)

Probe = Tuple[str, str, str, int]  # from, protocol, address, port


class Host:
    """A network and mount namespace of its own, with a private /run for the lock and for named namespaces."""

    def __init__(self) -> None:
        self._keeper = subprocess.Popen(
            ["unshare", "-n", "-m", "sh", "-c", "mount -t tmpfs tmpfs /run && ip link set lo up && echo $$ && exec cat"],
            stdin=subprocess.PIPE,  # ends with us, however that comes about
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._keeper.stdout is not None
        self._enter = ["nsenter", "-n", "-m", "-t", self._keeper.stdout.readline().strip(), "--"]
        self._servers: List[subprocess.Popen[str]] = []

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        for process in [*self._servers, self._keeper]:
            process.kill()
            process.communicate(timeout=10)

    def run(self, argv: Sequence[str], data: Optional[str] = None) -> Tuple[int, str, str]:
        """Run a command the way the backend wants it."""
        done = subprocess.run([*self._enter, *argv], input=data, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def do(self, script: str) -> str:
        """Run a shell script; it must succeed."""
        code, out, err = self.run(["sh", "-euc", script])
        assert code == 0, err
        return out

    def _argv(self, where: str) -> List[str]:
        return [*self._enter, *([] if where == "host" else ["ip", "netns", "exec", where])]

    def serve(self, where: str, *ports: int) -> None:
        process = subprocess.Popen([*self._argv(where), sys.executable, "-c", SERVER, where, *map(str, ports)], stdout=subprocess.PIPE, text=True)
        self._servers.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    def ask(self, probes: Sequence[Probe]) -> List[Optional[str]]:
        """Send all probes at once; return who answered and which client address he saw, or None."""
        by_source: Dict[str, List[int]] = {}
        for index, probe in enumerate(probes):
            by_source.setdefault(probe[0], []).append(index)
        running = []
        for where, indexes in by_source.items():
            name, _at, source = where.partition("@")
            question = json.dumps([[*probes[index][1:], source] for index in indexes])
            running.append((indexes, subprocess.Popen([*self._argv(name), sys.executable, "-c", PROBE, question], stdout=subprocess.PIPE, text=True)))
        answers: List[Optional[str]] = [None] * len(probes)
        for indexes, process in running:
            out, _err = process.communicate(timeout=60)
            for index, answer in zip(indexes, json.loads(out)):
                answers[index] = answer
        return answers

    def hears(self, listener: str, port: int, speaker: str, source: str, address: str, towards: int) -> bool:
        """Tell whether a datagram from a source, which the speaker need not have, arrives at a port."""
        with subprocess.Popen([*self._argv(listener), sys.executable, "-c", HEAR, str(port)], stdout=subprocess.PIPE, text=True) as hearing:
            assert hearing.stdout is not None
            assert hearing.stdout.readline() == "ready\n"
            subprocess.run([*self._argv(speaker), sys.executable, "-c", SAY, source, address, str(towards)], check=True, timeout=30)
            return hearing.communicate(timeout=30)[0] == "%s\n" % source

    def pings(self, where: str, address: str) -> bool:
        done = subprocess.run([*self._argv(where), "ping", "-n", "-c", "1", "-W", "1", address], capture_output=True, timeout=30, check=False)
        return done.returncode == 0

    def leaks_reset(self, sender: str, source: str, receiver: str, address: str) -> bool:
        """Tell whether TCP resets without a connection arrive with the sender's own address."""
        with subprocess.Popen([*self._argv(receiver), sys.executable, "-c", RESETS, source, address], stdout=subprocess.PIPE, text=True) as listener:
            assert listener.stdout is not None
            assert listener.stdout.readline() == "ready\n"
            subprocess.run([*self._argv(sender), sys.executable, "-c", SEND_RESETS, address], check=True, timeout=30)
            return listener.communicate(timeout=30)[0] == "True\n"

    def call_firewall_for_bridged_frames(self, wanted: bool) -> bool:
        """Set br_netfilter's switches; False where the kernel has none."""
        code, _out, _err = self.run(["sysctl", "-qw", *("net.bridge.bridge-nf-call-%s=%d" % (tool, wanted) for tool in ("iptables", "ip6tables"))])
        return code == 0

    def lead_to_own_links(self, bridge: str, gateway: str, members: Dict[str, str]) -> None:
        """Route what comes from a bridge for one of its members to the member's own port."""
        for name, address in members.items():
            mac = self.do("ip netns exec %s cat /sys/class/net/eth0/address" % name).strip()
            self.do("ip route add %s dev ve-%s table 5000; ip neigh add %s lladdr %s dev ve-%s" % (address, name, address, mac, name))
        self.do("ip %s rule add iif %s lookup 5000" % ("-6" if ":" in gateway else "-4", bridge))

    def wire(self, bridges: Dict[str, Dict[str, int]], outside: Dict[str, int]) -> None:
        """Make bridges 10.N.0.1/24 and fd00:N::1/64 with containers (name: last octet), and outside hosts (name: N) on 192.0.N.0/24 and 2001:db8:N::/64."""
        no_waiting = "sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0"
        lines = [
            no_waiting,
            "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0",
        ]
        for bridge, members in bridges.items():
            name, net = bridge.split("/")
            lines += [
                f"ip link add br-{name} type bridge forward_delay 0; ip link set br-{name} up",
                f"ip addr add 10.{net}.0.1/24 dev br-{name}; ip addr add fd00:{net}::1/64 dev br-{name} nodad",
            ]
            for member, octet in members.items():
                lines += [
                    f"ip netns add {member}; ip netns exec {member} {no_waiting}",
                    f"ip link add ve-{member} type veth peer name eth0 netns {member}; ip link set ve-{member} master br-{name} up",
                    f"ip -n {member} link set lo up; ip -n {member} link set eth0 up",
                    f"ip -n {member} addr add 10.{net}.0.{octet}/24 dev eth0; ip -n {member} addr add fd00:{net}::{octet}/64 dev eth0 nodad",
                    f"ip -n {member} route add default via 10.{net}.0.1; ip -n {member} -6 route add default via fd00:{net}::1",
                ]
        for member, number in outside.items():
            lines += [
                f"ip netns add {member}; ip netns exec {member} {no_waiting}",
                f"ip link add up-{member} type veth peer name eth0 netns {member}; ip link set up-{member} up",
                f"ip addr add 192.0.{number}.1/24 dev up-{member}; ip addr add 2001:db8:{number}::1/64 dev up-{member} nodad",
                f"ip -n {member} link set lo up; ip -n {member} link set eth0 up",
                f"ip -n {member} addr add 192.0.{number}.2/24 dev eth0; ip -n {member} addr add 2001:db8:{number}::2/64 dev eth0 nodad",
                f"ip -n {member} route add default via 192.0.{number}.1; ip -n {member} -6 route add default via 2001:db8:{number}::1",
            ]
        self.do("\n".join(lines))


class Firewall:
    """The backend on a host, driven by the real planner."""

    def __init__(self, host: Host, variant: str) -> None:
        self.host = host
        self.variant = variant
        self.tools = VARIANTS[variant]
        self.backend = Iptables(families=(4, 6), has_tool=lambda _tool: True, tools=self.tools)

    def plan(self, rules: Sequence[Rule], scope: str = "main") -> Tuple[Step, ...]:
        snapshot = Snapshot()
        current = self.backend.observe(self.host.run)
        for item in current:
            snapshot.add(item, mine=True)
        desired = self.backend.compose(rules, scope=scope, current=current)
        return plan(desired, snapshot, prunable=[item.key for item in current])

    def converge(self, rules: Sequence[Rule], scope: str = "main") -> Tuple[Step, ...]:
        """Apply, and make sure that a second run finds nothing to do."""
        steps = self.plan(rules, scope)
        if steps:
            self.backend.apply(steps, self.host.run)
        left = self.plan(rules, scope)
        assert left == (), "\n".join(step.line for step in left)
        return steps

    def dump(self, family: int) -> List[str]:
        """Return what the tool saves, without comments, counters and tables that hold nothing."""
        code, out, err = self.host.run([self.tools[family].save])
        assert code == 0, err
        kept: List[str] = []
        for table in out.split("*")[1:] if "*" in out else []:
            lines = [line.split(" [")[0] for line in table.splitlines() if line and not line.startswith("#")]
            if any(not line.startswith((":", "COMMIT")) for line in lines[1:]) or any(line.endswith(" -") for line in lines):
                kept += ["*" + lines[0], *lines[1:]]
        return kept

    def tool(self, family: int, command: str) -> None:
        name = self.tools[family].save.replace("-save", "")
        self.host.do("%s -w 5 %s" % (name, command))
