"""Checks of properties that are to be set, with the words of libzfs where they are refused."""

from __future__ import annotations

from chyves_core.lab.zfs.actions import Action
from chyves_core.lab.zfs.names import name_bytes
from chyves_core.lab.zfs.numbers import UINT64, BadNumber, nice, parse_size
from chyves_core.lab.zfs.properties import (
    by_name,
    full_name,
    is_allowed,
    is_user,
    usage_rows,
    values_text,
)

MAX_USER_NAME = 255
MAX_USER_VALUE = 8191
TYPE_LETTER = {"filesystem": "f", "volume": "v", "snapshot": "s"}
SET_AT_CREATION = frozenset(
    "volblocksize casesensitivity utf8only normalization encryption keyformat pbkdf2iters".split()
)


class BadProperty(Exception):
    """A property that can't be set; the text says why, as zfs does."""


class PartlySet(BadProperty):
    """Some of several properties could not be set; the others are, `actions` carry them out."""

    def __init__(self, reasons: list[str], actions: list[Action]) -> None:
        super().__init__("\n".join(reasons))
        self.actions = actions


def check(name: str, value: str, kind: str, creating: bool = False) -> tuple[str, str]:
    """Return name and value as they are stored; raises BadProperty.

    kind: "filesystem", "volume" or "snapshot". creating: whether the dataset is made just now.
    """
    if is_user(name):
        if len(name_bytes(name)) > MAX_USER_NAME:
            raise BadProperty(f"property name '{name}' is too long")
        return name, value
    if kind == "snapshot":
        raise BadProperty("this property can not be modified for snapshots")
    full = full_name(name)
    known = by_name().get(full)
    if known is None:
        raise BadProperty(f"invalid property '{name}'")
    if TYPE_LETTER[kind] not in known.types:
        raise BadProperty(f"'{full}' does not apply to datasets of this type")
    settable = full in usage_rows() and usage_rows()[full][0] == "YES"
    if not settable and not (creating and full in SET_AT_CREATION):
        raise BadProperty(f"'{full}' is readonly")
    if value == "auto" and full == "refreservation":
        # Worked out when it is set; libzfs zprop_parse_value.
        if kind != "volume":
            raise BadProperty(f"'{full}=auto' only allowed on volumes")
        return full, value
    if known.kind == "index":
        return full, check_index(full, value)
    if known.kind in ("size", "limit", "count"):
        return full, str(check_number(full, value, known.kind))
    return full, check_text(full, value)


def check_index(name: str, value: str) -> str:
    """Return a value that is one of the property's words."""
    if not is_allowed(name, value):
        raise BadProperty(f"'{name}' must be one of '{values_text(name)}'")
    return value


def check_number(name: str, value: str, kind: str) -> int:
    """Return a size or number."""
    if value == "none":
        number = UINT64 if kind == "limit" else 0
    else:
        try:
            number = parse_size(value)
        except BadNumber as wrong:
            raise BadProperty(str(wrong)) from wrong
    if name == "volsize" and number == 0:
        raise BadProperty("'volsize' cannot be zero")
    if name in ("volblocksize", "recordsize") and not is_block_size(number):
        raise BadProperty(f"'{name}' must be power of 2 from 512B to 1M")
    return number


def is_block_size(number: int) -> bool:
    """Whether ZFS has blocks of that many bytes."""
    return 512 <= number <= 1 << 20 and number & (number - 1) == 0


def check_text(name: str, value: str) -> str:
    """Return a text, which for a mount point has to be a path or a word."""
    if name == "mountpoint" and value not in ("none", "legacy") and not value.startswith("/"):
        raise BadProperty("'mountpoint' must be an absolute path, 'none', or 'legacy'")
    return value


def too_long(value: str) -> bool:
    """Whether a user property can't hold the value (captures set-8191, set-8192)."""
    return len(name_bytes(value)) > MAX_USER_VALUE


def check_volsize(size: int, volblocksize: int) -> None:
    """Raise BadProperty where a volume can't be set to that size."""
    if size % volblocksize:
        raise BadProperty(
            f"'volsize' must be a multiple of volume block size ({nice(volblocksize)})"
        )


def split_pairs(pairs: list[str]) -> dict[str, str]:
    """Return "name=value" words as a dictionary.

    Raises BadProperty with the whole error line: `-o` without "=", or one name twice.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise BadProperty("missing '=' for property=value argument")
        if name in found:
            raise BadProperty(f"property '{name}' specified multiple times")
        found[name] = value
    return found
