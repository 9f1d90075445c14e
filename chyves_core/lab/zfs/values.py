"""What `zfs get` shows: values of properties, and where each one comes from."""

from __future__ import annotations

from functools import cached_property
from zlib import crc32

from chyves_core.lab.zfs.model import Dataset, Pool, Snapshot
from chyves_core.lab.zfs.names import parent_of
from chyves_core.lab.zfs.properties import ALL, NOT_INHERITABLE, by_name, default_of
from chyves_core.lab.zfs.space import Space
from chyves_core.lab.zfs.stats import Stats

Found = tuple[str, str]
UNSET: Found = ("-", "-")


class Item:
    """A dataset, or one of its snapshots or bookmarks, as commands list them."""

    __slots__ = ("bookmark", "dataset", "name", "snap")

    def __init__(self, dataset: Dataset, snap: Snapshot | None = None, bookmark: str = "") -> None:
        self.dataset = dataset
        self.snap = snap
        self.bookmark = bookmark
        self.name = dataset.name
        if snap:
            self.name += "@" + snap.name
        if bookmark:
            self.name += "#" + bookmark

    @property
    def kind(self) -> str:
        """filesystem, volume, snapshot or bookmark."""
        if self.bookmark:
            return "bookmark"
        return "snapshot" if self.snap else self.dataset.kind

    @property
    def letter(self) -> str:
        """The type as properties.Property.types spells it, "b" for a bookmark."""
        if self.bookmark:
            return "b"
        if self.snap:
            return "z" if self.dataset.is_volume else "s"
        return "v" if self.dataset.is_volume else "f"


class Values:
    """Looks up properties in one pool; remembers what is inherited from where."""

    def __init__(self, pool: Pool, space: Space, release: tuple[int, int]) -> None:
        self.pool = pool
        self.stats = Stats(pool, space)
        self.release = release
        self.effective_by_name: dict[str, dict[str, Found]] = {}
        self.user_order: dict[str, int] = {}

    @cached_property
    def defaults(self) -> dict[str, str]:
        """The defaults of the native properties that have one."""
        return {each.name: default_of(each, self.release) for each in ALL if each.kind != "stat"}

    def effective(self, dataset: Dataset) -> dict[str, Found]:
        """Return the properties that are set for a dataset, here or above: value and source."""
        known = self.effective_by_name.get(dataset.name)
        if known is not None:
            return known
        found: dict[str, Found] = {}
        parent = parent_of(dataset.name)
        if parent:
            for name, (value, source) in self.effective(self.pool.datasets[parent]).items():
                if name not in NOT_INHERITABLE:
                    inherited = source if source[0] == "i" else f"inherited from {parent}"
                    found[name] = (value, inherited)
        for name, value in dataset.received.items():
            if name not in dataset.hidden:
                found[name] = (value, "received")
        for name, value in dataset.local.items():
            found[name] = (value, "local")
        self.effective_by_name[dataset.name] = found
        return found

    def of_snapshot(self, dataset: Dataset, snap: Snapshot) -> dict[str, Found]:
        """Return the properties that a snapshot shows: its own, and its dataset's as inherited."""
        found = {}
        for name, (value, source) in self.effective(dataset).items():
            if name not in NOT_INHERITABLE:
                inherited = source if source[0] == "i" else f"inherited from {dataset.name}"
                found[name] = (value, inherited)
        for name, value in snap.received.items():
            found[name] = (value, "received")
        for name, value in snap.local.items():
            found[name] = (value, "local")
        return found

    def set_here(self, item: Item) -> dict[str, Found]:
        """Return what is set for any item, here or above."""
        if item.snap:
            return self.of_snapshot(item.dataset, item.snap)
        return {} if item.bookmark else self.effective(item.dataset)

    def get(self, item: Item, name: str) -> Found:
        """Return value (as -p prints it) and source of one property."""
        return self.get_from(item, name, self.set_here(item))

    def get_from(self, item: Item, name: str, here: dict[str, Found]) -> Found:
        """Return value and source of one property, given what is set for the item."""
        if ":" in name:
            return here.get(name, UNSET)
        known = by_name().get(name)
        if known is None:
            return self.stats.written_since(item, name), "-"
        if item.letter not in known.types and not item.bookmark:
            return UNSET
        if known.kind == "stat" or item.bookmark:
            return self.stats.get(item, name), "-"
        return self.native(item, name, here)

    def native(self, item: Item, name: str, here: dict[str, Found]) -> Found:
        """Return value and source of a native property that can be set."""
        if name == "mountpoint":
            return self.mountpoint(item.dataset)
        if name == "volsize":
            size = item.snap.volsize if item.snap else item.dataset.volsize
            return str(size), "local"
        if name == "volblocksize":
            size = item.dataset.volblocksize
            return str(size), "default" if str(size) == self.defaults[name] else "-"
        if name in here:
            return here[name]
        return self.defaults[name], "default"

    def mountpoint(self, dataset: Dataset) -> Found:
        """Return where a filesystem belongs, and where this comes from."""
        found = self.effective(dataset).get("mountpoint")
        if found is None:
            return "/" + dataset.name, "default"
        value, source = found
        if source[0] != "i" or not value.startswith("/"):
            return value, source
        above = source.removeprefix("inherited from ")
        rest = dataset.name[len(above) :]
        return value.rstrip("/") + rest, source

    def all_of(self, item: Item) -> list[tuple[str, str, str]]:
        """Return name, value and source of all properties that `zfs get all` shows."""
        here = self.set_here(item)
        letter = item.letter
        stat, native, defaults = self.stats.shown, self.native, self.defaults
        rows = []
        for name, types, kind, _ in ALL:
            if letter not in types:
                continue
            if kind == "stat":
                text = stat(item, name)
                if text:
                    rows.append((name, text, "-"))
            elif name in here or name in COMPUTED:
                rows.append((name, *native(item, name, here)))
            else:
                rows.append((name, defaults[name], "default"))
        rows += [(name, *here[name]) for name in self.user_names(here)]
        return rows

    def user_names(self, here: dict[str, Found]) -> list[str]:
        """Return the user properties in an order like that of ZFS: none that one could rely on."""
        order = self.user_order
        names = [name for name in here if ":" in name]
        for name in names:
            if name not in order:
                order[name] = crc32(name.encode("utf-8", "surrogateescape"))
        names.sort(key=order.__getitem__)
        return names


COMPUTED = frozenset(("mountpoint", "volsize", "volblocksize"))
