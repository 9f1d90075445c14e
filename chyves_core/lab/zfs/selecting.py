"""Which datasets, snapshots and bookmarks `zfs list` and `zfs get` are about."""

from __future__ import annotations

from chyves_core.lab.zfs.errors import UsageError
from chyves_core.lab.zfs.model import Dataset, Pool
from chyves_core.lab.zfs.names import form_error, pool_of
from chyves_core.lab.zfs.options import Options
from chyves_core.lab.zfs.session import Session, View
from chyves_core.lab.zfs.values import Item

TYPES = {
    "filesystem": "filesystem",
    "fs": "filesystem",
    "volume": "volume",
    "vol": "volume",
    "snapshot": "snapshot",
    "snap": "snapshot",
    "bookmark": "bookmark",
}
EVERY = frozenset(("filesystem", "volume", "snapshot", "bookmark"))


class Choice:
    """What -r, -d and -t choose: how deep (None: all the way), and which types."""

    def __init__(self, options: Options, usual_types: frozenset[str]) -> None:
        self.depth: int | None = 0
        if "r" in options:
            self.depth = None
        depth = options.last("d")
        if depth is not None:
            if not depth.isdigit():
                raise UsageError(f"({depth}) is not a number")
            self.depth = int(depth)
        self.types = chosen_types(options, usual_types)
        # A name is taken whatever its type where -t asks for none.
        self.named_types = self.types if "t" in options else EVERY


def chosen_types(options: Options, usual: frozenset[str]) -> frozenset[str]:
    """Return the types that -t names."""
    words = [word for text in options.all("t") for word in text.split(",")]
    if not words:
        return usual
    types: set[str] = set()
    for word in words:
        if word == "all":
            types |= EVERY
        elif word in TYPES:
            types.add(TYPES[word])
        else:
            raise UsageError(f"invalid type '{word}'")
    return frozenset(types)


def select(session: Session, names: list[str], choice: Choice) -> list[tuple[View, Item]]:
    """Return the chosen items with the view of their pool, sorted by name as zfs does.

    Without names all pools are walked. A name that does not exist is reported, the rest goes on.
    """
    views: dict[str, View] = {}
    chosen: dict[str, tuple[View, Item]] = {}
    if not names:
        names = session.store.pool_names()
        choice.depth = None
    for name in names:
        pool = session.store.pool(pool_of(name))
        wrong = delimiter_error(name, choice.named_types)
        if wrong:
            session.fail(f"cannot open '{name}': {wrong}")
            continue
        items = items_of(pool, name, choice) if pool and not form_error(name) else None
        if pool is None or items is None:
            session.fail(missing_text(name))
            continue
        if pool.name not in views:
            views[pool.name] = session.view(pool)
        for item in items:
            chosen[item.name] = (views[pool.name], item)
    if len(names) == 1:
        return list(chosen.values())
    return sorted(chosen.values(), key=sort_key)


def delimiter_error(name: str, types: frozenset[str]) -> str | None:
    """Return what zfs says of a snapshot or bookmark where it was asked for other types."""
    if "@" in name and "snapshot" not in types:
        return "snapshot delimiter '@' is not expected here"
    if "#" in name and "bookmark" not in types:
        return "bookmark delimiter '#' is not expected here"
    return None


def missing_text(name: str) -> str:
    """Return why a name can't be opened."""
    return f"cannot open '{name}': {form_error(name) or 'dataset does not exist'}"


def sort_key(found: tuple[View, Item]) -> tuple[str, int, str]:
    """Sort by dataset, then snapshots in the order made, then bookmarks (zfs_sort)."""
    item = found[1]
    return item.dataset.name, item.snap.txg * 2 if item.snap else 0, item.name


def items_of(pool: Pool, name: str, choice: Choice) -> list[Item] | None:
    """Return the items that one name stands for, None where it does not exist."""
    head, _, tail = name.partition("@")
    mark, _, bookmark = name.partition("#")
    dataset = pool.datasets.get(mark if bookmark else head)
    if dataset is None:
        return None
    if tail:
        snap = dataset.snapshot(tail)
        return [Item(dataset, snap)] if snap else None
    if bookmark:
        known = any(bookmark == each[0] for each in dataset.bookmarks)
        return [Item(dataset, bookmark=bookmark)] if known else None
    return below(pool, dataset, choice)


def below(pool: Pool, dataset: Dataset, choice: Choice) -> list[Item]:
    """Return a dataset, and as deep as asked for its snapshots, bookmarks and children."""
    depth, types = choice.depth, choice.types
    if depth == 0 and types in ({"snapshot"}, {"bookmark"}):
        depth = 1
    if depth == 0 and dataset.kind not in types:
        return []
    top = dataset.name.count("/")
    items = []
    for each in [dataset] if depth == 0 else pool.tree(dataset.name):
        level = each.name.count("/") - top
        if depth is not None and level > depth:
            continue
        if each.kind in types:
            items.append(Item(each))
        if depth is None or level < depth:
            if "snapshot" in types:
                items += [Item(each, snap) for snap in each.snaps]
            if "bookmark" in types:
                items += [Item(each, bookmark=mark[0]) for mark in each.bookmarks]
    return items
