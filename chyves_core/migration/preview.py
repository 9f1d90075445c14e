"""The preview of an import: what becomes of each guest and property, what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chyves_core.migration.arrival import Arrival, Obstacle
from chyves_core.migration.planning import Planning
from chyves_core.output import Format, Repeated, Row, print_json, print_rows

COLUMNS = ("guest", "old", "new", "note")


def rows_of(planning: Planning) -> list[Row]:
    """Return the preview as rows of one table."""
    rows = [row for arrival in planning.arrivals for row in guest_rows(arrival)]
    for bridge, uplink in planning.bridges.items():
        rows.append(row_of("host", uplink, f"{bridge}_phy_attach={uplink}", ""))
    return rows


def guest_rows(arrival: Arrival) -> Iterable[Row]:
    """Return the rows of one guest: first where it goes."""
    how = "copied, the source stays" if arrival.is_copied or not arrival.old.dataset else "renamed"
    source = arrival.old.source
    what = "is set up in its place" if source == arrival.target else f"is {how}"
    yield row_of(arrival.name, source, arrival.target, what)
    for line in arrival.lines:
        yield row_of(arrival.name, line.old, line.new or "(not carried over)", line.why)


def row_of(guest: str, old: str, new: str, note: str) -> Row:
    """Return one row."""
    return {"guest": guest, "old": old, "new": new, "note": note}


def show(planning: Planning, notes: Sequence[str], *, commented: bool) -> None:
    """Print the preview for people; in a dry run every line is a comment for sh."""
    import io
    import sys

    out = io.StringIO()
    rows = rows_of(planning)
    if rows:
        print_rows(for_people(rows), COLUMNS, Format(), out)
    lines = [*out.getvalue().splitlines(), *notes, *obstacle_lines(planning.obstacles)]
    for line in lines:
        print(f"# {line}" if commented else line)
    sys.stdout.flush()


def for_people(rows: Sequence[Row]) -> list[Row]:
    """Return rows in which the name of a guest is shown once."""
    shown: list[Row] = []
    last = ""
    for row in rows:
        name = str(row["guest"])
        shown.append({**row, "guest": Repeated(name) if name == last else name})
        last = name
    return shown


def obstacle_lines(obstacles: Iterable[Obstacle]) -> list[str]:
    """Return a line for each thing that stands in the way."""
    return [
        f"{each.guest}: {each.message}" + (f" ({each.hint})" if each.hint else "")
        for each in obstacles
    ]


def show_json(planning: Planning, notes: Sequence[str]) -> None:
    """Print the preview for programs, with stable keys."""
    guests = [
        {
            "guest": each.name,
            "manager": each.old.manager,
            "source": each.old.source,
            "target": each.target,
            "copied": each.is_copied,
            "properties": {
                name: "***" if name.endswith("password") and value else value
                for name, value in each.properties.items()
            },
            "disks": [
                {"name": disk.name, "source": disk.dataset or disk.path, "serial": disk.serial}
                for disk in each.old.disks
            ],
            "changes": [
                {"old": line.old, "new": line.new, "note": line.why} for line in each.lines
            ],
        }
        for each in planning.arrivals
    ]
    conflicts = [
        {"guest": each.guest, "problem": each.message, "command": each.hint}
        for each in planning.obstacles
    ]
    print_json(
        {
            "guests": guests,
            "bridges": dict(planning.bridges),
            "notes": list(notes),
            "conflicts": conflicts,
        }
    )
