"""The table of `watch`: rates between two looks at the host, as rows and as lines of a screen."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from chyves_core.output import Format, Row, Size, cut, display_width, print_rows
from chyves_core.watch.counters import Counters, Sample

COLUMNS = ("name", "state", "cpu", "memory", "read", "write", "in", "out")
# What each key of the keyboard sorts by: the sum of the columns, the largest first.
SORTS: Mapping[str, tuple[str, ...]] = {
    "n": (),
    "c": ("cpu",),
    "m": ("memory",),
    "d": ("read", "write"),
    "t": ("in", "out"),
}


class Percent(float):
    """Percents of one CPU; two CPUs at work are 200."""

    def __str__(self) -> str:
        return f"{float(self):.0f}%"


def rows(names: Sequence[str], before: Sample, now: Sample) -> list[Row]:
    """Return a row for each guest; rates are None until two looks at the same bhyve were taken."""
    return [row(name, before, now) for name in names]


def row(name: str, before: Sample, now: Sample) -> Row:
    """Return the row of one guest; rates are bytes a second."""
    found = now.counters.get(name)
    cells: dict[str, object] = dict.fromkeys(COLUMNS)
    cells |= {"name": name, "state": now.states.get(name, "stopped")}
    if found is None:
        return cells
    cells["memory"] = Size(found.memory)
    earlier = before.counters.get(name)
    seconds = now.moment - before.moment
    if earlier is None or earlier.pid != found.pid or seconds <= 0:
        return cells
    cells["cpu"] = Percent(max(0.0, round(100 * (found.cpu - earlier.cpu) / seconds, 1)))
    return cells | rates(earlier, found, seconds)


def exact(found: Sequence[Row]) -> list[Row]:
    """Return rows with their percents as numbers."""
    return [
        {name: float(cell) if isinstance(cell, Percent) else cell for name, cell in each.items()}
        for each in found
    ]


def rates(earlier: Counters, found: Counters, seconds: float) -> dict[str, object]:
    """Return the bytes a second that disks and network moved."""
    pairs = {
        "read": (earlier.read, found.read),
        "write": (earlier.written, found.written),
        "in": (earlier.received, found.received),
        "out": (earlier.sent, found.sent),
    }
    return {
        name: Size(max(0, round((after - first) / seconds)))
        for name, (first, after) in pairs.items()
        if first is not None and after is not None
    }


def sorted_rows(found: Sequence[Row], key: str) -> list[Row]:
    """Return rows in the order that a key stands for; those with equal numbers by their names."""
    columns = SORTS.get(key, ())
    return sorted(found, key=lambda each: (-total(each, columns), str(each["name"])))


def total(found: Row, columns: Sequence[str]) -> float:
    """Return the sum of some cells; what is not known counts as nothing."""
    return sum(float(cell) for cell in map(found.get, columns) if isinstance(cell, int | float))


def screen(found: Sequence[Row], title: str, height: int, width: int, first: int = 0) -> list[str]:
    """Return the lines of a screen: title, table, and how many guests do not fit.

    Every line has at most `width` columns of a terminal, and there are at most `height`.
    """
    text = io.StringIO()
    print_rows(found, COLUMNS, Format(), text)
    head, *body = text.getvalue().splitlines()
    room = max(1, height - 3)
    shown = body[first : first + room]
    lines = [spread(title, "q quits", width), head, *shown]
    left = len(body) - first - len(shown)
    if left > 0:
        lines.append(f"... {left} more")
    return [cut(line, width) for line in lines[:height]]


def spread(left: str, right: str, width: int) -> str:
    """Return two texts at both ends of a line; the right one is left out where there is no room."""
    gap = width - 1 - display_width(left) - display_width(right)
    return f"{left}{' ' * gap}{right}" if gap > 1 else left
