"""zfs list."""

from __future__ import annotations

from functools import cmp_to_key

from chyves_core.lab.zfs.errors import UsageError
from chyves_core.lab.zfs.human import human, is_number, table, title, width_of
from chyves_core.lab.zfs.options import Options, parse
from chyves_core.lab.zfs.properties import by_name, full_name, is_user, is_written
from chyves_core.lab.zfs.selecting import Choice, select
from chyves_core.lab.zfs.session import Session, View
from chyves_core.lab.zfs.values import Item

USUAL = "name,used,available,referenced,mountpoint"
DATASETS = frozenset(("filesystem", "volume"))
Found = tuple[View, Item]


def list_datasets(session: Session, arguments: list[str]) -> None:
    """zfs list [-Hp] [-r|-d depth] [-o columns] [-s|-S property]… [-t types] [DATASET…]."""
    json_too = "j" if session.lab.freebsd >= (15, 0) else ""
    options = parse(arguments, "HS:d:o:prs:t:" + json_too)
    columns = wanted_columns(options.last("o") or USUAL)
    sorting = [full_name(word) for word in options.all("s") + options.all("S")]
    for word in sorting:
        if not is_column(word):
            raise UsageError(f"invalid property '{word}'")
    choice = Choice(options, DATASETS)
    with session.store.reading():
        found = select(session, options.words, choice)
        found = in_order(found, options, arguments)
        if "j" in options:
            from chyves_core.lab.zfs.json_output import show_list

            show_list(session, found, columns)
            return
        show(session, found, columns, options)


def is_column(name: str) -> bool:
    """Whether `zfs list -o` knows the name."""
    return name == "name" or name in by_name() or is_user(name) or is_written(name)


def wanted_columns(text: str) -> list[str]:
    """Return the columns by full name; "space" stands for several (zfs-list.8)."""
    columns: list[str] = []
    for word in text.split(","):
        if word == "space":
            columns += ["name", "available", "used", "usedbysnapshots", "usedbydataset"]
            columns += ["usedbyrefreservation", "usedbychildren"]
            continue
        if not is_column(full_name(word)):
            raise UsageError(f"bad property list: invalid property '{word}'")
        columns.append(full_name(word))
    return columns


def in_order(found: list[Found], options: Options, arguments: list[str]) -> list[Found]:
    """Return what was found sorted as -s and -S ask, in the order these stand."""
    keys = [letter for letter in options.letters if letter in "sS"]
    if not keys:
        return found
    values = {"s": list(options.all("s")), "S": list(options.all("S"))}
    orders = [(full_name(values[letter].pop(0)), letter == "S") for letter in keys]

    def compare(one: Found, two: Found) -> int:
        for name, backwards in orders:
            a, b = sort_value(one, name), sort_value(two, name)
            if a != b:
                return (1 if a > b else -1) * (-1 if backwards else 1)
        return 0

    return sorted(found, key=cmp_to_key(compare))


def sort_value(found: Found, name: str) -> tuple[int, int, str]:
    """Return what one item is sorted by; items without a value come last (zfs_sort)."""
    view, item = found
    if name == "name":
        return 0, 0, item.name
    value = view.values.get(item, name)[0]
    if value == "-":
        return 1, 0, ""
    return (0, int(value), "") if value.isdigit() and ":" not in name else (0, 0, value)


def show(session: Session, found: list[Found], columns: list[str], options: Options) -> None:
    """Print what was found: tabs between columns with -H, else a table with a header."""
    exact = "p" in options
    rows = []
    for view, item in found:
        here = view.values.set_here(item)
        row = []
        for name in columns:
            value = item.name if name == "name" else view.values.get_from(item, name, here)[0]
            row.append(value if exact or name == "name" else human(name, value))
        rows.append(row)
    if "H" in options:
        session.lines += ["\t".join(row) for row in rows]
    elif rows:
        right = {place for place, name in enumerate(columns) if is_number(name)}
        widths = {
            place: width_of(name, [row[place] for row in rows])
            for place, name in enumerate(columns)
            if name != "name"
        }
        session.lines += table([[title(name) for name in columns], *rows], right, widths)
    elif not session.failed:
        session.warn("no datasets available")
