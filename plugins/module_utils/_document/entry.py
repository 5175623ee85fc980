# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Maps and lists of the input."""

from __future__ import annotations

from functools import lru_cache
from typing import Callable, Dict, FrozenSet, List, Optional, Set, Tuple, TypeVar

from .._model.errors import Problem, type_name
from .._model.names import label_fault
from .._schema.reading import Problems, Read, Shape, either, reader
from .._schema.schema import Field, Schema
from .scalars import COMPARED_LENGTH, closest, read_printable

T = TypeVar("T")
Pairs = Tuple[Tuple[str, str], ...]
LABELS = Shape("dict", values=Shape("str", what="text", pattern="[ -~]{0,255}"), names=read_printable.shape.pattern)


class Entry:
    """One map of the input, read key by key; every fault goes into `problems`."""

    __slots__ = ("path", "problems", "raw")

    def __init__(self, raw: Dict[str, object], path: str, problems: Problems) -> None:
        self.raw = raw
        self.path = path
        self.problems = problems

    def get(self, field: Field[T], read: Optional[Callable[[object, str, Problems], Optional[T]]] = None) -> T:
        """Return the value of a key, or its default where it is missing or faulty; `read` is a reader that knows more than the field's."""
        if field.key not in self.raw:
            return field.default
        value = (read or field.read.read)(self.raw[field.key], "%s.%s" % (self.path, field.key), self.problems)
        return field.default if value is None else value

    def report(self, key: str, rule: str, fix: str = "") -> None:
        self.problems.append(Problem("%s.%s" % (self.path, key), self.raw.get(key), rule, fix))

    def refuse(self, rule: str, fix: str = "") -> None:
        """Report a fault of the whole entry."""
        self.problems.append(Problem(self.path, self.raw, rule, fix))


def key_text(key: object) -> str:
    """Return what stands for a key in a path."""
    if isinstance(key, str):
        return key if len(key) <= COMPARED_LENGTH else key[: COMPARED_LENGTH - 3] + "..."
    if isinstance(key, bool):
        return str(key).lower()
    return str(key) if isinstance(key, int) and key.bit_length() < 64 else "<%s>" % type_name(key)


def is_map(value: object, path: str, problems: Problems) -> bool:
    """Tell whether a value is a map with text keys; report it if not."""
    if not isinstance(value, dict):
        from . import hints

        problems.append(Problem(path, value, "expected a map", hints.mend_map(value)))
        return False
    for key in value:
        if not isinstance(key, str):
            from . import hints

            problems.append(Problem("%s.%s" % (path, key_text(key)), key, "a key must be text", hints.mend_text(key, "a key")))
            return False
    return True


@lru_cache(maxsize=256)
def _unknown_key(key: str, allowed: FrozenSet[str]) -> Tuple[str, str, str]:
    """Return rule, fix and the key that was meant."""
    meant = closest(key, sorted(allowed))
    return "unknown key", "did you mean %s" % meant if meant else "known: %s" % ", ".join(sorted(allowed)), meant or ""


def read_entry(
    value: object,
    path: str,
    problems: Problems,
    schema: Schema,
    *,
    required: Optional[Tuple[str, ...]] = None,
) -> Optional[Entry]:
    """Return an entry that has the keys of its schema; `required` are those that it needs, if not the schema's and unless it is absent."""
    if not is_map(value, path, problems):
        return None
    allowed = schema.keys
    entry = Entry(value, path, problems)  # type: ignore[arg-type]
    meant: Set[str] = set()  # keys that are there under another name
    if not entry.raw.keys() <= allowed:
        elsewhere = schema.elsewhere
        for key in entry.raw:
            if key in elsewhere:
                rule, fix = elsewhere[key]
                word = fix[len("write ") :].partition(":")[0].partition(",")[0] if fix.startswith("write ") else ""
                meant.add(word)
                problems.append(Problem("%s.%s" % (path, key), entry.raw[key], rule, fix, meant="%s.%s" % (path, word) if word in allowed else ""))
            elif key not in allowed:
                rule, fix, word = _unknown_key(key[: 2 * COMPARED_LENGTH], allowed)
                meant |= {word} if word and word not in entry.raw else set()
                problems.append(Problem("%s.%s" % (path, key_text(key)), entry.raw[key], rule, fix, meant="%s.%s" % (path, word) if word else ""))
    needed = schema.required if required is None else required
    for key in schema.absent[:1] if schema.absent and entry.raw.get("state") == "absent" else needed:
        if key not in entry.raw and key not in meant:
            entry.refuse('required key "%s" is missing' % key, "add it")
    return entry


def read_list(value: object, path: str, problems: Problems) -> Optional[List[object]]:
    if isinstance(value, (list, tuple)):
        return list(value)
    from . import hints

    problems.append(Problem(path, value, "expected a list", hints.mend_list(value)))
    return None


def list_of(read: Read[T]) -> Read[Tuple[T, ...]]:
    """Return a reader of lists; faulty items are left out, an item given twice is a fault."""

    def read_items(value: object, path: str, problems: Problems) -> Optional[Tuple[T, ...]]:
        items = read_list(value, path, problems)
        if items is None:
            return None
        found: Dict[T, int] = {}
        read_item = read.read
        for index, item in enumerate(items):
            result = read_item(item, "%s[%d]" % (path, index), problems)
            if result is None:
                continue
            if result in found:
                problems.append(Problem("%s[%d]" % (path, index), item, "the same as entry %d of this list" % found[result], "remove one"))
            else:
                found[result] = index
        return tuple(found)

    return Read(read_items, Shape("list", elements=read.shape))


def one_or_list_of(read: Read[T]) -> Read[Tuple[T, ...]]:
    """Return a reader that also takes a single item for a list of one."""
    read_items = list_of(read)

    def read_either(value: object, path: str, problems: Problems) -> Optional[Tuple[T, ...]]:
        if isinstance(value, (list, tuple)):
            return read_items(value, path, problems)
        item = read(value, path, problems)
        return None if item is None else (item,)

    return Read(read_either, either(read.shape, read_items.shape))


def map_of(schema: Schema) -> Callable[[Callable[[object, str, Problems], Optional[T]]], Read[T]]:
    """Make a reader of the function that follows, which reads a map."""
    return reader(Shape("dict", schema=schema))


@reader(LABELS)
def read_labels(value: object, path: str, problems: Problems) -> Optional[Dict[str, str]]:
    """Return a map of printable text to printable text; values may be empty."""
    if not is_map(value, path, problems):
        return None
    labels = {}
    for key, item in value.items():  # type: ignore[attr-defined]
        place = "%s.%s" % (path, key_text(key))
        if read_printable(key, place, problems) is None:
            continue
        text = "" if isinstance(item, str) and not item else read_printable(item, place, problems)
        if text is not None:
            labels[str(key)] = text
    return labels


def named_path(path: str, index: int, value: object) -> str:
    """Return `path[name]` where the entry has a valid name, else `path[index]`."""
    name = value.get("name") if isinstance(value, dict) else value
    if isinstance(name, str) and label_fault(name) is None:
        return "%s[%s]" % (path, name)
    return "%s[%d]" % (path, index)
