"""Values as people read them: what zfs prints without -p."""

from __future__ import annotations

import time

from chyves_core.lab.zfs.numbers import UINT64, nice
from chyves_core.lab.zfs.properties import by_name, expanded, values_text

BYTES = frozenset(
    "used available referenced usedbysnapshots usedbydataset usedbychildren "
    "usedbyrefreservation written logicalused logicalreferenced".split()
)
RATIOS = frozenset(("compressratio", "refcompressratio"))


def human(name: str, value: str) -> str:
    """Return the text that `zfs get` and `zfs list` show without -p."""
    if ":" in name or value in ("-", ""):
        return value
    if name in BYTES or name.startswith("written"):
        return nice(int(value))
    if name == "creation":
        return time.strftime("%a %b %e %k:%M %Y", time.localtime(int(value)))
    if name in RATIOS:
        return value + "x"
    kind = by_name()[name].kind if name in by_name() else "text"
    if kind == "size":
        return "none" if value == "0" else nice(int(value), "")
    if kind == "limit":
        return "none" if value == str(UINT64) else value
    return value


TITLES = {
    "available": "AVAIL", "referenced": "REFER", "logicalused": "LUSED", "volblocksize": "VOLBLOCK",
    "refreservation": "REFRESERV", "reservation": "RESERV", "usedbysnapshots": "USEDSNAP",
    "usedbydataset": "USEDDS", "usedbyrefreservation": "USEDREFRESERV", "recordsize": "RECSIZE",
    "usedbychildren": "USEDCHILD", "compressratio": "RATIO", "compression": "COMPRESS",
    "readonly": "RDONLY", "logicalreferenced": "LREFER", "refcompressratio": "REFRATIO",
}  # fmt: skip
NUMBERS = frozenset(("stat", "size", "limit", "count"))
WORDS = frozenset(
    "type mounted origin clones defer_destroy encryptionroot keystatus creation "
    "receive_resume_token redact_snaps".split()
)


def title(name: str) -> str:
    """Return the heading of a property's column (zfs_prop_column_name)."""
    return TITLES.get(name, name.upper())


def is_number(name: str) -> bool:
    """Whether a column holds numbers: they stand at the right."""
    known = by_name().get(name)
    return known is not None and known.kind in NUMBERS and name not in WORDS


def width_of(name: str, values: list[str]) -> int:
    """Return the width of a property's column; numbers don't widen it (zprop_width).

    That `referenced` has eight columns is an accident of zprop_width (capture list-default).
    """
    width = len(title(name))
    if is_number(name):
        return 8 if name == "referenced" else max(5, width)
    if name in by_name() and by_name()[name].kind == "index":
        words = [word for each in values_text(name).split(" | ") for word in expanded(each)]
        width = max(width, *(len(word) for word in words))
    return max(width, *(len(value) for value in values), 0)


def table(
    rows: list[list[str]], right: set[int] | None = None, given: dict[int, int] | None = None
) -> list[str]:
    """Return rows as aligned lines, two blanks between columns; the last one is not padded.

    right: the columns whose texts stand at the right. given: widths that texts don't change.
    """
    right, given = right or set(), given or {}
    widths = [
        given.get(column) or max(len(row[column]) for row in rows) for column in range(len(rows[0]))
    ]
    lines = []
    for row in rows:
        cells = []
        for column, text in enumerate(row):
            if column in right:
                cells.append(text.rjust(widths[column]))
            elif column == len(row) - 1:
                cells.append(text)
            else:
                cells.append(text.ljust(widths[column]))
        lines.append("  ".join(cells))
    return lines
