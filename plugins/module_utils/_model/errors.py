# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from typing import NamedTuple, Optional, Sequence, Tuple

PROBLEMS_SHOWN = 20
LINE_LIMIT = 199  # for which values and paths are shortened; never the rule and its fix
VALUE_LIMIT, VALUE_LEAST = 60, 12
PATH_LIMIT = 120


def printable(text: str) -> str:
    """Return text with control and non-ASCII characters escaped, safe for a terminal."""
    return "".join(c if 32 <= ord(c) < 127 else c.encode("unicode_escape").decode("ascii") for c in text)


def type_name(value: object) -> str:
    """Name the YAML type of a value as its author knows it."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "float", str: "string", list: "list", tuple: "list", dict: "map"}
    for python_type, name in names.items():
        if isinstance(value, python_type):
            return name
    return type(value).__name__


class Problem(NamedTuple):
    """One thing wrong in the input: where, what was received, the rule, and one way to mend it."""

    path: str
    value: object
    rule: str
    fix: str = ""
    may_pass: bool = False  # it is about something that may still come: a link, an address, a default route
    stands: bool = False  # it is about something that came after what it is about, which is left as it is: a warning
    meant: str = ""  # of an unknown key: the path of the key that was most likely meant
    tells: bool = False  # it may be meant, and is only said: a warning

    def __str__(self) -> str:
        received = type_name(self.value)
        path = _shorten(printable(self.path[: PATH_LIMIT + 1]), PATH_LIMIT)
        said = self.rule + ("; " + self.fix if self.fix else "")
        if isinstance(self.value, (dict, list, tuple, set, frozenset)):
            received = "%s of %d" % (received, len(self.value))
        elif self.value is not None:
            # Python refuses to write an integer of more than 4300 digits in base ten.
            plain = hex(self.value) if isinstance(self.value, int) and self.value.bit_length() > 256 else str(self.value)
            shown = printable((plain.lower() if isinstance(self.value, bool) else plain)[: VALUE_LIMIT + 1])
            room = LINE_LIMIT - len('%s: got %s "": %s' % (path, received, said))
            received += ' "%s"' % _shorten(shown, min(VALUE_LIMIT, max(VALUE_LEAST, room)))
        return "%s: got %s: %s" % (path, received, said)


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


class ContainerNetError(Exception):
    """Root of every error this collection raises on purpose."""


class InputError(ContainerNetError):
    """The user must change the input; nothing was touched."""

    def __init__(self, problems: Tuple[Problem, ...]) -> None:
        self.problems = tuple(problems)
        lines = [str(problem) for problem in self.problems[:PROBLEMS_SHOWN]]
        hidden = len(self.problems) - len(lines)
        if hidden > 0:
            lines.append("... and %d more" % hidden)
        count = len(self.problems)
        super().__init__("%d input error%s, nothing was changed:\n%s" % (count, "" if count == 1 else "s", "\n".join("- " + line for line in lines)))

    @property
    def may_pass(self) -> bool:
        """Whether waiting may help, without anybody changing the input."""
        return all(problem.may_pass for problem in self.problems)


class EnvironmentUnfit(ContainerNetError):
    """The host lacks something the declaration needs; nothing was touched."""


class NamespaceMissing(ContainerNetError):
    """A container's network namespace does not exist or is not one; or, where that is `unknown`, its engine cannot be asked."""

    def __init__(self, message: str = "", *, unknown: bool = False) -> None:
        self.unknown = unknown
        super().__init__(message)


class ContainerNotRunning(NamespaceMissing):
    """There is no process that would hold the namespace; waiting may help."""


class KernelError(ContainerNetError):
    """The kernel refused an operation. `errno` is its answer, `operation` the line the user reads."""

    def __init__(self, operation: str, errno: int, reason: str) -> None:
        super().__init__("%s: %s" % (operation, reason))
        self.operation = operation
        self.errno = errno


class RequestFailed(KernelError, OSError):  # type: ignore[misc]  # an OSError without a number is none of these
    """The kernel took no request, or answered none; an OSError, too, for who has another way where the kernel lacks something."""


class KernelTimeout(ContainerNetError):
    """The kernel did not answer a netlink request in time."""


class KernelRace(ContainerNetError):
    """Something else changed the same objects meanwhile; planning again may succeed, after a pause where the kernel is still clearing up."""

    def __init__(self, message: str, pause: float = 0.0) -> None:
        self.pause = pause
        super().__init__(message)


class ToolFailed(ContainerNetError):
    """A tool of the system did not start, did not end in time, or was killed."""


class FirewallError(ContainerNetError):
    """A firewall tool failed; carries its own words."""


class LockHeld(ContainerNetError):
    """Another run holds this host's lock."""


class NotConfirmed(ContainerNetError):
    """A change waits for its confirmation, or there is none to confirm."""


class VerifyError(ContainerNetError):
    """The kernel does not show what was applied."""


def errno_name(number: Optional[int]) -> str:
    """Return EBUSY for 16, and so on."""
    import errno

    return errno.errorcode.get(number or 0, "errno %s" % number)


class Conflict(ContainerNetError):
    """Something that is not ours stands where the declaration wants to put its own; nothing was touched."""

    def __init__(self, conflicts: Sequence[str]) -> None:
        self.conflicts = tuple(conflicts)
        super().__init__("nothing was changed:\n%s" % "\n".join("- " + printable(conflict) for conflict in conflicts[:PROBLEMS_SHOWN]))
