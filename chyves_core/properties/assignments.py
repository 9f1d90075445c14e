"""PROPERTY=VALUE words: take them apart and check them before anything is set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from chyves_core.errors import Refused, UsageError
from chyves_core.properties.schema import Schema, check_storable

# zfsprops(7): user property names hold lower case letters, digits and : - . _
PROPERTY_NAME = re.compile(r"[a-z0-9][a-z0-9:._-]*")
ASSIGNMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9:._-]*)=(.*)", re.DOTALL)


def split_assignment(word: str) -> tuple[str, str] | None:
    """Return name and value of a PROPERTY=VALUE word, None where it is none."""
    found = ASSIGNMENT.fullmatch(word)
    return (found.group(1), found.group(2)) if found else None


def read_assignments(words: Iterable[str]) -> dict[str, str]:
    """Return the values by name; raises UsageError for a word that is none, or a name twice."""
    values: dict[str, str] = {}
    for word in words:
        pair = split_assignment(word)
        if pair is None:
            raise UsageError(f"{word!r} is not PROPERTY=VALUE")
        if pair[0] in values:
            raise UsageError(f"{pair[0]} is given twice")
        values[pair[0]] = pair[1]
    return values


def check_assignments(
    schema: Schema, values: Mapping[str, str], *, unknown_allowed: bool = False
) -> dict[str, str]:
    """Return the values as they are stored; raises where one can't be set by a user."""
    return {name: check_one(schema, name, value, unknown_allowed) for name, value in values.items()}


def check_one(schema: Schema, name: str, value: str, unknown_allowed: bool) -> str:
    """Return one value as it is stored."""
    known = schema.find(name)
    if known is None and unknown_allowed:
        if not PROPERTY_NAME.fullmatch(name) or len(name) > 200:
            raise UsageError(f"{name}: lower case letters, digits and : - . _ make a name")
        check_storable(name, value)
        return value
    if known is None:
        known = schema.get(name)
    if known.managed:
        raise Refused(f"{name}: chyves keeps this property itself")
    return schema.check(name, value)
