# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The canonical snapshot of a host: everything networking that stands there, as sorted lines, without what changes by itself."""

from __future__ import annotations

import ctypes
import difflib
import json
import os
import re
import socket
import stat
import struct
import subprocess
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from harness.host import NETNS, Space, entered, sh, watched_spaces
from harness.kernel import NETLINK_NETFILTER, TOLD_SETTINGS, dump, namespace_cookie, read_link_settings, ruleset_generation

Snapshot = Tuple[str, ...]
OWNED = ("/run/container_net", "/var/lib/container_net")
TOOLS = ("iptables", "ip6tables")
THEIRS = frozenset((family, name) for family in ("ip", "ip6") for name in ("raw", "mangle", "nat", "filter", "security"))  # tables that these tell of
NSFS_MAGIC = 0x6E736673
BYTECODE = "program-"  # of the program container-net
NFT_GETTABLE, RTM_GETRULE = 0xA01, 34
# Numbers the kernel hands out, states that follow from carrier, clocks and counters.
_VOLATILE = frozenset(
    (
        "ifindex", "link_index", "link_netnsid", "iflink", "operstate", "linkmode", "stats", "stats64", "hello_timer", "tcn_timer", "topology_change_timer",
        "gc_timer", "message_age_timer", "forward_delay_timer", "hold_timer", "state", "id", "no", "port_id", "tentative", "dadfailed", "used", "expires",
        "root_id", "root_port", "root_path_cost", "designated_root", "designated_bridge", "designated_port", "designated_cost", "topology_change",
        "topology_change_detected", "topology_change_ack", "config_pending",
        "num_tx_queues", "num_rx_queues", "tso_max_size", "tso_max_segs", "cost", "bridge_id", "priority_id", "multicast_querier_state_ipv4",
        "multicast_querier_state_ipv6", "fdb_n_learned",
    )
)  # fmt: skip
_SYSCTL_SKIPPED = ("net/netfilter/", "net/ipv4/tcp_fastopen_key", "net/ipv4/tcp_mem", "net/ipv4/udp_mem", "net/core/", "net/sctp/", "net/unix/")
# Folders of links' settings: messages tell the most of them, in a tenth of the time.
_OF_LINKS = ("net/ipv4/conf/", "net/ipv4/neigh/", "net/ipv6/conf/", "net/ipv6/neigh/")
_OF_A_LINK = re.compile(r"net/ipv[46]/(?:neigh|conf)/(?!all/|default/)[^/]+/")
_libc = ctypes.CDLL(None, use_errno=True)


def take_snapshot(*, sysctls: bool = True) -> Snapshot:
    """Read the host, every named namespace and the files we keep."""
    lines = list(_space_lines("host", "", sysctls))
    for name in sorted(os.listdir(NETNS)) if os.path.isdir(NETNS) else ():
        path = os.path.join(NETNS, name)
        real = _is_nsfs(path)
        mode = stat.S_IMODE(os.lstat(path).st_mode)
        lines.append("netns %s mode=%o nsfs=%s" % (name, mode, real))
        if real:
            lines.extend(_space_lines(name, name, sysctls))
    for label, path in sorted(watched_spaces.items()):
        lines.extend(_space_lines(label, path, sysctls))
    lines.extend(_files())
    return tuple(lines)


def differences(before: Sequence[str], after: Sequence[str]) -> str:
    """Return what differs, one line each; empty where nothing does."""
    gone, come = Counter(before) - Counter(after), Counter(after) - Counter(before)
    if gone or come:  # far quicker than looking for what else has moved
        return "\n".join(["-" + line for line in gone.elements()] + ["+" + line for line in come.elements()])
    found = difflib.unified_diff(list(before), list(after), lineterm="", n=0)
    return "\n".join(line for line in found if line[:1] in "+-" and line[:3] not in ("+++", "---"))


def assert_same(before: Sequence[str]) -> None:
    """The host looks as it did."""
    left = differences(before, take_snapshot())
    assert left == "", left


def missing_from(earlier: Sequence[str], later: Sequence[str]) -> List[str]:
    """Return the lines of `earlier` that do not stand in `later` in the same order."""
    found = difflib.ndiff(list(earlier), list(later)) if not _is_subsequence(earlier, later) else ()
    return [line[2:] for line in found if line.startswith("- ")]


def _is_subsequence(earlier: Sequence[str], later: Sequence[str]) -> bool:
    rest = iter(later)
    return all(line in rest for line in earlier)


def _is_nsfs(path: str) -> bool:
    buffer = ctypes.create_string_buffer(256)
    if _libc.statfs(path.encode(), buffer):
        return False
    return ctypes.c_long.from_buffer(buffer).value == NSFS_MAGIC


def _files() -> Iterator[str]:
    for directory, _names, files in (found for owned in OWNED for found in os.walk(owned)):
        yield "file %s mode=%o" % (directory, stat.S_IMODE(os.stat(directory).st_mode))
        for name in sorted(files):
            if name.startswith(BYTECODE):
                continue  # Python's own, of the program
            path = os.path.join(directory, name)
            with open(path, encoding="utf-8") as stream:
                yield "file %s mode=%o %s" % (path, stat.S_IMODE(os.stat(path).st_mode), re.sub(r"\b40265[0-9]{5}\b", "NAMESPACE", stream.read()))


def _space_lines(label: str, space: Space, sysctls: bool) -> Iterator[str]:
    with entered(space):
        questions = ["address show", "route show table all", "neighbour show nud permanent", "neighbour show proxy", "rule show"]
        links, routes, neighbours, proxied, rules = _batch(["ip", "-j", "-d"], questions)
        # All else is told of both families at once.
        rules6 = _rules_of_ipv6(tuple(dump(RTM_GETRULE, struct.pack("=B11x", socket.AF_INET6))))
        rows, vlans = _batch(["bridge", "-j"], ["fdb show", "vlan show"]) if _may_have_rows(links) else [[], []]
        lines = sorted(_links(links))
        if any(link.get("qdisc", "noqueue") not in ("noqueue", "noop") for link in links):
            # Handle 0 is what the kernel itself gave a link, when it first went up.
            lines += sorted("qdisc %s" % line for line in sh("tc qdisc show").splitlines() if " 0: " not in line)
        lines += sorted("route %s" % _text(item) for item in routes if _is_lasting_route(item))
        lines += sorted("neighbour %s" % _text(item) for item in neighbours)
        lines += sorted("proxy %s" % _text(item) for item in proxied)
        lines += sorted("rule %s" % _text(item) for item in rules)
        lines += sorted("rule of IPv6 %s" % _text(item) for item in rules6)
        lines += sorted("fdb %s" % json.dumps(item, sort_keys=True) for item in rows if _is_lasting_row(item))
        lines += sorted("vlan %s" % _text(item) for item in vlans)
        lines += _firewalls()
        if sysctls:
            lines += sorted([*read_link_settings(), *_sysctls()])
    return ("%s | %s" % (label, line) for line in lines)


def _batch(program: List[str], commands: List[str]) -> List[List[Dict[str, Any]]]:
    done = subprocess.run([*program, "-batch", "-"], input="\n".join(commands) + "\n", capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    decoder, found, rest = json.JSONDecoder(), [], done.stdout.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        found.append([item for item in value if item])
        rest = rest[end:].lstrip()
    found += [[] for _missing in commands[len(found) :]]
    return found


def _text(value: Any) -> str:
    return json.dumps(_without_volatile(value), sort_keys=True)


def _without_volatile(value: Any) -> Any:
    if isinstance(value, dict):
        # While a spanning tree changes, bridges forget sooner, and tell that as their ageing time.
        changing = ("ageing_time",) if value.get("stp_state") else ()
        return {key: _without_volatile(inner) for key, inner in value.items() if key not in _VOLATILE and key not in changing}
    if isinstance(value, list):
        return [_without_volatile(inner) for inner in value]
    return value


def _links(items: List[Dict[str, Any]]) -> Iterator[str]:
    for item in items:
        addresses = item.pop("addr_info", [])
        item["flags"] = sorted(set(item.get("flags", [])) & {"UP", "PROMISC", "NOARP", "ALLMULTI"})
        if "UP" not in item["flags"]:
            item.pop("qdisc", None)  # that of a link that is down tells whether it ever was up
        ours = str(item.get("ifalias", "")).startswith("container-net:")
        kind = item.get("linkinfo", {}).get("info_kind")
        if ours and ((kind == "veth" and "master" in item) or kind in ("dummy", "vrf", "ipvlan")):
            item["address"] = "any"  # the host's end of a pair, a dummy and a VRF have a MAC that nobody chose, and an ipvlan that of its parent
        yield "link %s %s" % (item["ifname"], _text(item))
        for address in addresses:
            # The kernel makes these when the carrier comes; whether it may is shown by inet6_addr_gen_mode.
            if not (str(address["local"]).startswith("fe80::") and ("ff:fe" in address["local"] or kind == "ipvlan")):
                yield "address %s %s" % (item["ifname"], _text(address))


def _is_lasting_route(item: Dict[str, Any]) -> bool:
    item.pop("flags", None)
    destination = str(item.get("dst", ""))
    if ":" in destination and item.get("table") == "local" and item.get("protocol") == "kernel":
        return False  # comes when duplicate address detection ends; the address itself is compared
    return not destination.startswith(("fe80:", "ff00::/8"))


def _is_lasting_row(item: Dict[str, Any]) -> bool:
    item.pop("ifindex", None)
    # Static rows and those of a VXLAN device; the kernel's own rows for each port's MAC and multicast say nothing.
    return item.get("state") == "static" or "dst" in item or "sticky" in item.get("flags", ())


def _firewalls() -> List[str]:
    """Return what the tools of iptables save, and what nft lists of all else. What the kernel counts no change of is not asked for again."""
    if _has_older_tables():
        return _save_all()
    if not dump(NFT_GETTABLE, bytes(4), NETLINK_NETFILTER):
        return []  # most containers have no table, and a question is cheaper than two programs
    return _saved(namespace_cookie(), ruleset_generation())


@lru_cache(maxsize=None)
def _saved(_namespace: int, _generation: int) -> List[str]:
    return _save_all()


def _save_all() -> List[str]:
    return [line for tool in TOOLS for line in _firewall(tool)] + _nftables()


def _nftables() -> List[str]:
    """Return what nft lists of the tables that are not those of iptables; of what is in them, only the rules of a chain have an order."""
    tables = [item["table"] for item in _nft("tables") if "table" in item]
    items: List[Tuple[str, Dict[str, Any]]] = []
    for where in ((table["family"], table["name"]) for table in tables):
        items += [pair for item in (_nft("table %s %s" % where) if where not in THEIRS else ()) for pair in item.items() if "metainfo" not in item]
    for _kind, body in items:
        body.pop("handle", None)
        if "elem" in body:
            body["elem"] = sorted(body["elem"], key=str)
    rules = sorted((body for kind, body in items if kind == "rule"), key=lambda body: (body["family"], body["table"], body["chain"]))
    others = sorted("nft %s %s" % (kind, json.dumps(body, sort_keys=True)) for kind, body in items if kind != "rule")
    return [*others, *("nft rule %s" % json.dumps(body, sort_keys=True) for body in rules)]


def _nft(what: str) -> List[Dict[str, Any]]:
    done = subprocess.run(["nft", "-s", "-j", "-n", "list", *what.split(" ")], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    items: List[Dict[str, Any]] = json.loads(done.stdout)["nftables"]
    return items


def _has_older_tables() -> bool:
    names = ["/proc/self/net/%s_tables_names" % family for family in ("ip", "ip6")]
    return any(Path(name).read_text(encoding="ascii") for name in names if os.path.exists(name))


@lru_cache(maxsize=None)
def _rules_of_ipv6(_raw: Tuple[bytes, ...]) -> List[Dict[str, Any]]:
    """Return what the program tells of the rules here; most namespaces have the same, as the kernel gave them."""
    (rules,) = _batch(["ip", "-j", "-d", "-6"], ["rule show"])
    return rules


def _may_have_rows(links: Sequence[Dict[str, Any]]) -> bool:
    """Tell whether anything here forwards frames: a pair or a loopback alone does not."""
    return any(link.get("linkinfo", {}).get("info_kind", "") not in ("veth", "") or "master" in link for link in links)


def _firewall(tool: str) -> List[str]:
    """Return what the tool saves, without comments and counters, and without tables that hold nothing."""
    done = subprocess.run([tool + "-save"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    found: List[str] = []
    tables = sorted(table for table in ("\n" + done.stdout).split("\n*")[1:])
    for table in tables:
        lines = [line.split(" [")[0] for line in table.splitlines() if line and not line.startswith("#") and line != "COMMIT"]
        if any(not line.startswith(":") or not line.endswith(" ACCEPT") for line in lines[1:]):
            found += ["%s %s %s" % (tool, lines[0], line) for line in lines[1:]]
    return found


def _sysctls() -> Iterator[str]:
    """Yield the settings that messages do not tell."""
    new = [path for folder in _OF_LINKS for path in _find_untold(folder)]
    for path in (*_find_lasting(namespace_cookie()), *new):
        value = _read_sysctl("/proc/sys/" + path)
        if value is not None:
            yield "sysctl %s = %s" % (path, value)


def _find_untold(folder: str) -> Iterator[str]:
    """Yield what a kernel newer than these words has of each link. Each has the files of the loopback."""
    own = "/proc/sys/" + folder
    names = [name for name in os.listdir(own + "lo") if name not in TOLD_SETTINGS] if os.path.isdir(own + "lo") else ()
    for name in names:
        yield from (folder + link + "/" + name for link in os.listdir(own) if link not in ("all", "default"))


@lru_cache(maxsize=None)
def _find_lasting(_namespace: int) -> List[str]:
    """Return the settings of a namespace that come with no link; to find them takes longer than to read them."""
    found: List[str] = []
    for directory, folders, files in os.walk("/proc/sys/net"):
        relative = directory[len("/proc/sys/") :] + "/"
        if relative.startswith(_SYSCTL_SKIPPED) or _OF_A_LINK.match(relative):
            folders.clear()
            continue
        # What messages tell of neighbours, they tell of the defaults, too.
        told = TOLD_SETTINGS if "/neigh/" in relative else ()
        found += [relative + name for name in files if name not in told and not (relative + name).startswith(_SYSCTL_SKIPPED)]
    return found


def _read_sysctl(path: str) -> Optional[str]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return " ".join(os.read(descriptor, 4096).decode("ascii", "replace").split())
    except OSError:
        return None  # write-only, or a secret that was never set
    finally:
        os.close(descriptor)
