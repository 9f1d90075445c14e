"""zfs get."""

from __future__ import annotations

from collections.abc import Iterable

from chyves_core.lab.zfs.errors import UsageError
from chyves_core.lab.zfs.human import human, table, width_of
from chyves_core.lab.zfs.options import Options, parse
from chyves_core.lab.zfs.properties import by_name, full_name, is_user, is_written
from chyves_core.lab.zfs.selecting import EVERY, Choice, select
from chyves_core.lab.zfs.session import Session, View
from chyves_core.lab.zfs.values import Item

FIELDS = ("name", "property", "value", "received", "source")
SOURCES = ("local", "default", "inherited", "temporary", "received", "none")
Row = tuple[str, str, str, str, str]


def get(session: Session, arguments: list[str]) -> None:
    """zfs get [-rHp] [-d depth] [-o fields] [-t types] [-s sources] PROPERTIES [DATASET…]."""
    json_too = "j" if session.lab.freebsd >= (15, 0) else ""
    options = parse(arguments, "d:o:s:rt:Hp" + json_too)
    fields = chosen_fields(options)
    sources = chosen_sources(options)
    choice = Choice(options, EVERY)
    if not options.words:
        raise UsageError("missing property argument")
    names = wanted_properties(options.words[0])
    with session.store.reading():
        found = select(session, options.words[1:], choice)
        rows = rows_of(found, names, "p" in options, "received" in fields)
        if sources is not None:
            rows = [row for row in rows if source_word(row[4]) in sources]
        if "j" in options:
            from chyves_core.lab.zfs.json_output import show_get

            show_get(session, found, rows)
        else:
            show(session, rows, fields, "H" in options)


def chosen_fields(options: Options) -> list[str]:
    """Return the columns that -o names."""
    words = options.last("o")
    if words is None:
        return ["name", "property", "value", "source"]
    if words == "all":
        return list(FIELDS)
    for word in words.split(","):
        if word not in FIELDS:
            raise UsageError(f"invalid column name '{word}'")
    return words.split(",")


def chosen_sources(options: Options) -> set[str] | None:
    """Return the sources that -s names, None for all."""
    words = options.last("s")
    if words is None:
        return None
    for word in words.split(","):
        if word not in SOURCES:
            raise UsageError(f"invalid source '{word}'")
    return set(words.split(","))


def wanted_properties(text: str) -> list[str] | None:
    """Return the properties by full name, None for all of them."""
    if text == "all":
        return None
    names = [full_name(word) for word in text.split(",")]
    for name in names:
        known = name in by_name() or is_user(name) or is_written(name) or name == "name"
        if not known:
            raise UsageError(f"bad property list: invalid property '{name}'")
    return names


def source_word(source: str) -> str:
    """Return the word of -s for a source."""
    if source == "-":
        return "none"
    return "inherited" if source[0] == "i" else source


def rows_of(
    found: Iterable[tuple[View, Item]], names: list[str] | None, exact: bool, with_received: bool
) -> list[Row]:
    """Return name, property, value, received and source of everything asked for."""
    rows: list[Row] = []
    for view, item in found:
        title = item.name
        if names is None:
            triples = view.values.all_of(item)
        else:
            here = view.values.set_here(item)
            triples = [(name, *view.values.get_from(item, name, here)) for name in names]
        for name, value, source in triples:
            received = received_value(item, name) if with_received else "-"
            rows.append((title, name, value if exact else human(name, value), received, source))
    return rows


def received_value(item: Item, name: str) -> str:
    """Return the value that a property was received with, "-" where it was not."""
    received = item.snap.received if item.snap else item.dataset.received
    return received.get(name, "-")


def show(session: Session, rows: list[Row], fields: list[str], bare: bool) -> None:
    """Print the rows: tabs between columns with -H, else a table with a header."""
    if fields == ["name", "property", "value", "source"] and bare:
        session.lines += [f"{a}\t{b}\t{c}\t{e}" for a, b, c, _, e in rows]
        return
    places = [FIELDS.index(field) for field in fields]
    cells = [[row[place] for place in places] for row in rows]
    if bare:
        session.lines += ["\t".join(row) for row in cells]
    elif rows:
        widths = {fields.index("value"): value_width(rows)} if "value" in fields else {}
        session.lines += table([[field.upper() for field in fields], *cells], given=widths)


def value_width(rows: list[Row]) -> int:
    """Return the width of the column VALUE: that of the widest property."""
    values: dict[str, list[str]] = {}
    for _, name, value, _, _ in rows:
        values.setdefault(name, []).append(value)
    return max(5, *(width_of(name, texts) for name, texts in values.items()))
