# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The program container-net: what a host does with the declarations that are kept on it, without Ansible."""

# pylint: disable=ansible-bad-function  # what a program says goes to its output

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence

from .._document.scalars import read_label
from .._engine.modes import validate_wait_timeout
from .._engine.request import LOCK_TIMEOUT
from .._kernel.hostlock import host_lock
from .._kernel.session import read_ssh_connection
from .._kernel.statefile import STATE_DIRECTORY, declaration_path
from .._kernel.store import Store, list_scopes
from .._model.document import DEFAULT_SCOPE
from .._model.errors import ContainerNetError, InputError, Problem
from .._model.names import STORE_DIRECTORY
from .._report.drift import count_differences, describe_drift
from .means import require_means
from .metrics import write_metrics
from .restore import Restored, Restoring

if TYPE_CHECKING:
    from .units import Setup

IN_ORDER, FAILED, DRIFT = 0, 1, 2
NAME = "container-net"
NETAVARK = ("create", "setup", "teardown", "info")  # what netavark asks of a plugin
DESCRIPTION = "Bring back, compare, explain, export and list the container networks that are declared for this host."
STATUSES = "Exit status: 0 in order, 1 an error, 2 something differs (check), had to be left out (restore) or does not arrive (explain)."
WAIT_TIMEOUT = 30.0  # seconds
SMALL = 84  # bytes of an ordinary ping


class Told(NamedTuple):
    """What came of one scope: lines for people, a map for programs."""

    status: int
    lines: Sequence[str]
    facts: Mapping[str, Any]


def main(arguments: Optional[Sequence[str]] = None, *, compiled: str = "") -> int:
    """Do what the words of the command line ask for. `compiled` is where the program looks for its own bytecode."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a locale may lack a letter of what is told
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args([*_find_plugin(words), *words])
    options.compiled = compiled
    try:
        _validate(options)
        status: int = options.act(options)
    except (ContainerNetError, OSError) as error:
        print("%s: %s" % (NAME, error), file=sys.stderr)
        status = FAILED
    return status


def _find_plugin(words: Sequence[str]) -> Sequence[str]:
    """Return the verb that is meant by whoever calls a plugin by its file alone: a link to this program is all it takes."""
    if not words:
        return ["cni"] if "CNI_COMMAND" in os.environ else ()
    return ["netavark-plugin"] if words[0] in NETAVARK else ()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=NAME, description=DESCRIPTION, epilog=STATUSES)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    restore = _verb(verbs, "restore", _restore, "bring the networks of all scopes, or of some, back as they are declared")
    restore.add_argument("scopes", metavar="SCOPE", nargs="*")
    restore.add_argument("--without-engines", action="store_true", help="leave out the containers of Docker and Podman, which start later")
    restore.add_argument("--wait", metavar="SECONDS", type=float, default=WAIT_TIMEOUT, help="for links and addresses of the host (default: %(default)g)")
    following = _verb(verbs, "follow", _follow, "attach containers of Docker and Podman, and machines, when they start, until it is ended")
    following.add_argument("scopes", metavar="SCOPE", nargs="*")
    check = _verb(verbs, "check", _check, "say what differs from the declarations, and change nothing")
    check.add_argument("scopes", metavar="SCOPE", nargs="*")
    check.add_argument("--json", action="store_true", help="print a JSON document")
    check.add_argument("--textfile", metavar="PATH", help="write a file for the textfile collector of Prometheus' node exporter, too")
    show = _verb(verbs, "show", _show, "list the scopes that are kept here, or print the declaration of one as JSON")
    show.add_argument("scope", metavar="SCOPE", nargs="?")
    explain = _verb(verbs, "explain", _explain, "say how a packet goes at this moment, and what stops it if it does not arrive; nothing is sent")
    explain.add_argument("start", metavar="FROM", help="an endpoint (NAME or SCOPE/NAME), an address, host, or outside")
    explain.add_argument("target", metavar="TO[:PORT[/PROTO]]", help="the same; without a port a ping is meant")
    explain.add_argument("--scope", metavar="SCOPE", help="whose endpoints are meant")
    explain.add_argument(
        "--size", metavar="BYTES", type=int, default=SMALL, help="of the packet, with its IP header, not to be fragmented (default: %(default)d)"
    )
    explain.add_argument("--json", action="store_true", help="print a JSON document")
    export = _verb(verbs, "export", _export, "print what stands of a scope as a declaration in JSON, which is YAML; what cannot be told goes to standard error")
    export.add_argument("scope", metavar="SCOPE", nargs="?", default=DEFAULT_SCOPE, help="the default is %(default)s")
    enable = _verb(verbs, "enable", _enable, "have a scope brought back at each start of the host, by units of systemd")
    enable.add_argument("--follow", action="store_true", help="attach containers of Docker and Podman when they start, too")
    enable.add_argument("--restart", action="store_true", help="restart what follows them, for this program is a new one")
    disable = _verb(verbs, "disable", _disable, "have a scope brought back no longer; with the last one, this program goes")
    for verb in (enable, disable):
        verb.add_argument("scope", metavar="SCOPE")
        verb.add_argument("--share", metavar="PATH", default="/usr/local/share", help="where its manual page and completion go (default: %(default)s)")
        verb.add_argument("--check", action="store_true", help="say what would be done, and change nothing")
    forget = _verb(verbs, "forget", _forget, "keep the declaration of a scope no longer; what stands of it stays")
    forget.add_argument("scope", metavar="SCOPE")
    _verb(verbs, "cni", _serve_cni, "answer a container runtime as a CNI plugin; so does the program itself where it is called without a word")
    plugin = _verb(verbs, "netavark-plugin", _serve_netavark, "answer Podman and netavark as the plugin of a network's driver; a link to the program does, too")
    plugin.add_argument("command", metavar="COMMAND", choices=NETAVARK, help=", ".join(NETAVARK))
    plugin.add_argument("path", metavar="NAMESPACE", nargs="?", help="the file of the container's network namespace")
    return parser


def _validate(options: argparse.Namespace) -> None:
    problems: List[Problem] = []
    for scope in [*getattr(options, "scopes", ()), *filter(None, [getattr(options, "scope", None)])]:
        read_label(scope, "SCOPE", problems)
    if problems:
        raise InputError(tuple(problems))
    validate_wait_timeout(getattr(options, "wait", 0.0))


def _verb(verbs: Any, name: str, act: Callable[[argparse.Namespace], int], words: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".", epilog=STATUSES)
    parser.set_defaults(act=act)
    return parser


def _restore(options: argparse.Namespace) -> int:
    require_means()
    how: Dict[str, Any] = {"check_mode": False, "engines": not options.without_engines, "wait_timeout": options.wait}
    return _print({scope: _play(scope, _tell_restored, **how) for scope in _scopes(options.scopes)})


def _tell_restored(restored: Restored) -> Told:
    words = list(restored.outcome.words)
    said = "nothing to do" if not words else "1 thing brought back" if len(words) == 1 else "%d things brought back" % len(words)
    return Told(DRIFT if restored.faulty else IN_ORDER, [*words, *restored.words, *_warnings(restored), said], {})


def _follow(options: argparse.Namespace) -> int:
    require_means()
    from .follow import follow

    before: Dict[str, Told] = {}

    def tell(restored: Restored) -> Told:
        return _tell_restored(restored)._replace(facts={"unsure": restored.unsure})

    def play(scope: str) -> bool:
        told = _play(scope, tell, check_mode=False, engines=True, wait_timeout=0.0)
        well = told.status != FAILED and not told.facts["unsure"]
        if well or told != before.get(scope):  # what is tried again and again is said once
            _print({scope: told})
        before[scope] = told
        return well

    follow(STORE_DIRECTORY, options.scopes, play, lambda words: print(words, flush=True))
    return IN_ORDER


def _serve_cni(_options: argparse.Namespace) -> int:
    from .cni import serve

    return serve(os.environ, sys.stdin.read(), sys.stdout)


def _serve_netavark(options: argparse.Namespace) -> int:
    from .netavark import INFO, serve

    return serve(options.command, options.path, "" if options.command == INFO else sys.stdin.read(), sys.stdout)


def _enable(options: argparse.Namespace) -> int:
    from . import units

    setup = _setup(options)
    _tell_done(units.enable(options.scope, setup, follow=options.follow, restart=options.restart))
    if not units.has_systemd():
        print(units.NO_SYSTEMD % (setup.program, options.scope))
    return IN_ORDER


def _disable(options: argparse.Namespace) -> int:
    from . import units

    _tell_done(units.disable(options.scope, _setup(options)))
    return IN_ORDER


def _setup(options: argparse.Namespace) -> Setup:
    from .units import Setup

    return Setup(os.path.abspath(sys.argv[0]), options.share, options.compiled, options.check)


def _tell_done(paths: Sequence[str]) -> None:
    for path in paths:
        print("changed %s" % path)


def _check(options: argparse.Namespace) -> int:
    require_means()

    def tell(restored: Restored) -> Told:
        outcome = restored.outcome
        faulty = [line for line in restored.words if line.startswith(tuple("%s[%s] " % item for item in restored.faulty))]
        words, others = [*outcome.words, *faulty], [line for line in restored.words if line not in faulty]
        scope = restored.declared.document.scope
        drift = describe_drift(scope, outcome.snapshot, outcome.desired, outcome.steps, outcome.words, outcome.show_rule)
        facts = {**drift, "in_order": not words, "summary": count_differences(words), "differences": words, "left_out": restored.words}
        return Told(DRIFT if words else IN_ORDER, [*words, *others, count_differences(words)], facts)

    told = {scope: _play(scope, tell, check_mode=True, engines=True, wait_timeout=0.0) for scope in _scopes(options.scopes)}
    if options.textfile:
        write_metrics(options.textfile, {scope: one.facts for scope, one in told.items()})
    if options.json:
        print(json.dumps({"scopes": {scope: one.facts for scope, one in told.items()}}, indent=1, default=str))
        return _status(told)
    return _print(told)


def _warnings(restored: Restored) -> List[str]:
    return [line for line in restored.outcome.warnings if " is left out" not in line]


def _play(scope: str, tell: Callable[[Restored], Told], *, check_mode: bool, engines: bool, wait_timeout: float) -> Told:
    """Bring back or compare one scope. That one cannot be is no reason not to do the next."""
    try:
        entry = Store(scope, STORE_DIRECTORY).standing()
        if entry is None:
            raise ContainerNetError(_why_nothing(scope))
        restoring = Restoring(entry, check_mode=check_mode, engines=engines, wait_timeout=wait_timeout, connection=read_ssh_connection(os.environ))
        return tell(restoring.run())
    except (ContainerNetError, OSError) as error:
        return Told(FAILED, str(error).splitlines(), {"in_order": False, "error": str(error)})


def _why_nothing(scope: str) -> str:
    if scope in list_scopes(STORE_DIRECTORY):
        return "the declaration was not confirmed before the host restarted, and none was kept before it; apply it again"
    return "no declaration of scope '%s' is kept in %s; there are: %s" % (scope, STORE_DIRECTORY, ", ".join(list_scopes(STORE_DIRECTORY)) or "none")


def _scopes(asked: Sequence[str]) -> Sequence[str]:
    return list(dict.fromkeys(asked)) or list_scopes(STORE_DIRECTORY)


def _print(told: Mapping[str, Told]) -> int:
    if not told:
        print("no declaration is kept in %s" % STORE_DIRECTORY)
    for scope, one in told.items():
        for line in one.lines:
            print("%s: %s" % (scope, line), file=sys.stderr if one.status == FAILED else sys.stdout, flush=True)
    return _status(told)


def _status(told: Mapping[str, Told]) -> int:
    found = {one.status for one in told.values()}
    return FAILED if FAILED in found else max(found, default=IN_ORDER)


def _show(options: argparse.Namespace) -> int:
    if options.scope:
        entry = Store(options.scope, STORE_DIRECTORY).read()
        if entry is None:
            raise ContainerNetError("no declaration of scope '%s' is kept in %s" % (options.scope, STORE_DIRECTORY))
        print(json.dumps(entry.options, indent=2, sort_keys=True))
        return IN_ORDER
    rows = [("SCOPE", "NETWORKS", "ENDPOINTS", "LINKS", "STATE")]
    for scope in list_scopes(STORE_DIRECTORY):
        rows.append(_row(scope))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(word.ljust(width) for word, width in zip(row, widths)).rstrip())
    return IN_ORDER


def _explain(options: argparse.Namespace) -> int:
    require_means()
    from .explain import explain

    if not 28 <= options.size <= 65535:
        raise InputError((Problem("--size", options.size, "a packet has 28 to 65535 bytes", "leave it out for a small one"),))
    explained = explain(options.start, options.target, scope=options.scope or "", size=options.size)
    print(json.dumps(explained.facts, indent=1) if options.json else "\n".join(explained.lines))
    return IN_ORDER if explained.arrives else DRIFT


def _export(options: argparse.Namespace) -> int:
    require_means()
    from .export import export

    exported = export(options.scope)
    print(json.dumps(exported.declaration, indent=2))
    for line in exported.lacking:
        print("%s: not told: %s" % (options.scope, line), file=sys.stderr)
    return IN_ORDER


def _row(scope: str) -> Any:
    store = Store(scope, STORE_DIRECTORY)
    try:
        entry, standing = store.read(), store.standing()
    except ContainerNetError:
        return (scope, "-", "-", "-", "unreadable")
    counts: Dict[str, int] = {}
    for key in ("networks", "endpoints", "links"):
        counts[key] = len((entry.options if entry is not None else {}).get(key) or ())
    waits = entry is not None and entry.waits_in_boot
    state = "kept" if not waits else "waits for its confirmation" if standing == entry else "was not confirmed"
    return (scope, *(str(count) for count in counts.values()), state)


def _forget(options: argparse.Namespace) -> int:
    if not os.path.lexists(declaration_path(STORE_DIRECTORY, options.scope)):
        raise ContainerNetError("no declaration of scope '%s' is kept in %s" % (options.scope, STORE_DIRECTORY))
    with host_lock(STATE_DIRECTORY, timeout=LOCK_TIMEOUT):
        Store(options.scope, STORE_DIRECTORY).remove()
    print("%s: not kept any more; what stands of it stays" % options.scope)
    return IN_ORDER
