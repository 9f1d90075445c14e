"""Values as people read them: what zfs prints without -p."""

from __future__ import annotations

import time

from chyves_core.lab.zfs.numbers import UINT64, nice
from chyves_core.lab.zfs.properties import by_name

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


def table(rows: list[list[str]], right: set[int] | None = None) -> list[str]:
    """Return rows as aligned lines, two blanks between columns; the last one is not padded.

    right: the columns whose texts stand at the right.
    """
    right = right or set()
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
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
