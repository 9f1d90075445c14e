"""Guests: what each is and has, read for all of them at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from chyves_core import names
from chyves_core.errors import ChyvesError, Refused
from chyves_core.host import Host
from chyves_core.pools import GUEST_VERSION, Pool, Storage, read_storage
from chyves_core.properties.schema import Schema, load_schema
from chyves_core.zfs import Dataset

GUEST_PREFIX = "chyves:"
VERSION_PROPERTY = f"{GUEST_PREFIX}chyves_guest_version"
DISK_NAME = re.compile(r"disk(\d+)")


@dataclass(frozen=True)
class Disk:
    """One disk of a guest that is a zvol; `size` in bytes."""

    name: str
    dataset: str
    size: int
    properties: Mapping[str, str]

    @property
    def number(self) -> int:
        """The n of disk{n}."""
        return int(self.name.removeprefix("disk"))

    @property
    def device(self) -> str:
        """The device node that bhyve opens."""
        return f"/dev/zvol/{self.dataset}"


@dataclass(frozen=True)
class Guest:
    """One guest: where it lives, the properties set on it, and its disks in their order."""

    name: str
    pool: str
    dataset: str
    properties: Mapping[str, str]
    disks: tuple[Disk, ...]
    used: int
    origin: str
    schema: Schema

    def value(self, name: str) -> str:
        """Return a property's value, its declared default where the guest has none."""
        own = self.properties.get(name)
        if own is not None:
            return own
        known = self.schema.find(name)
        return (known.default or "") if known else ""

    @property
    def vm_name(self) -> str:
        """The name under which bhyve runs this guest."""
        return names.vm_name(self.name)

    @property
    def folder(self) -> str:
        """The folder of the guest's filesystem."""
        return f"/chyves/{self.pool}/guests/{self.name}"

    @property
    def interfaces(self) -> tuple[str, ...]:
        """The guest's network interfaces on the host, in order."""
        return tuple(part for part in self.value("net_ifaces").split(",") if part)

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups that the guest is in."""
        return tuple(part for part in self.value("groups").split(",") if part)

    @property
    def is_template(self) -> bool:
        """Whether this guest is only for cloning."""
        return self.value("template") == "yes"


@dataclass(frozen=True)
class Inventory:
    """Everything that one look at the host's ZFS told: its pools and all guests on them.

    `twice` names the guests that stand on two active pools, with their datasets; no command may
    guess between them. `places` holds each of them by its dataset. `half_made` are datasets where
    a guest was begun and never finished. `unfinished` says which command has put a guest in two
    places and has not ended yet.
    """

    storage: Storage
    guests: Mapping[str, Guest]
    twice: Mapping[str, tuple[str, ...]]
    half_made: tuple[str, ...]
    unfinished: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Guest] = field(default_factory=dict)

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """The guests of each group, by the group's name."""
        groups: dict[str, list[str]] = {}
        for guest in self.guests.values():
            for group in guest.groups:
                groups.setdefault(group, []).append(guest.name)
        return groups

    def select(self, words: str) -> list[Guest]:
        """Return the guests that `web1`, `web1,web2`, `:group` or `all` mean.

        Raises NotFound for one that is not there, Refused for one that is there twice.
        """
        chosen = self.names(words)
        for name in chosen:
            if name in self.twice:
                raise self.error_of_twice(name)
            if self.storage.changing:
                check_known(self.guests[name])
        return [self.guests[name] for name in chosen]

    def names(self, words: str) -> list[str]:
        """Return the names of the guests that words mean, also such as two guests have."""
        if words != "all" and not self.storage.active_pools:
            raise self.storage.no_primary()
        return names.select(words, [*self.guests, *self.twice], self.groups)

    def error_of_twice(self, name: str) -> Refused:
        """Return the error for a name that two guests have; it says where they are."""
        places = self.twice[name]
        if name in self.unfinished:
            return Refused(
                f"{name}: `chyves {self.unfinished[name]}` is at work or was interrupted",
                "chyves doctor --fix",
            )
        last_pool = places[-1].partition("/")[0]
        return Refused(
            f"{name}: there are {len(places)} guests of this name, {' and '.join(places)}",
            f"chyves dataset {last_pool} offline",
        )

    def guest(self, name: str) -> Guest:
        """Return the one guest of exactly that name."""
        names.refuse_list(name)
        return self.select(name)[0]

    def check_free(self, name: str) -> None:
        """Refuse a name that a guest has already."""
        for dataset in self.twice.get(name, ()):
            raise Refused(f"{name}: there is such a guest already, {dataset}")
        if name in self.guests:
            raise Refused(f"{name}: there is such a guest already, {self.guests[name].dataset}")


def check_known(guest: Guest) -> None:
    """Refuse a guest whose properties have a newer version than this chyves knows."""
    version = guest.value("chyves_guest_version")
    if version.isascii() and version.isdecimal() and int(version) > GUEST_VERSION:
        raise Refused(
            f"{guest.name}: has version {version}, this chyves knows version {GUEST_VERSION} "
            "and changes nothing",
            "chyves version",
        )


def read_inventory(host: Host) -> Inventory:
    """Read pools and guests with one zpool call and one zfs call, however many there are."""
    storage = read_storage(host)
    schema = load_schema("guest")
    disks = disks_by_guest(storage)
    places: dict[str, list[Guest]] = {}
    half_made: list[str] = []
    for pool in storage.active_pools:
        for dataset in guest_datasets(pool, storage.datasets):
            if dataset.own(VERSION_PROPERTY) is None:
                half_made.append(dataset.name)
                continue
            guest = make_guest(dataset, pool.name, disks.get(dataset.name, []), schema)
            places.setdefault(guest.name, []).append(guest)
    twice = {
        name: tuple(guest.dataset for guest in found)
        for name, found in sorted(places.items())
        if len(found) > 1
    }
    return Inventory(
        storage,
        {name: found[0] for name, found in sorted(places.items()) if len(found) == 1},
        twice,
        tuple(half_made),
        read_unfinished(host, twice) if twice else {},
        {each.dataset: each for name in twice for each in places[name]},
    )


def read_unfinished(host: Host, twice: Iterable[str]) -> dict[str, str]:
    """Return the pending changes by the guests in two places that they concern; see journal.py."""
    from chyves_core import journal

    try:
        entries = journal.pending(host).values()
    except ChyvesError:
        # An entry that can't be read explains nothing; what it concerns is refused by its lock.
        return {}
    concerned = {lock: entry.title for entry in entries for lock in entry.locks}
    return {name: concerned[f"guest-{name}"] for name in twice if f"guest-{name}" in concerned}


def guest_datasets(pool: Pool, datasets: Mapping[str, Dataset]) -> Iterable[Dataset]:
    """Return the filesystems at exactly POOL/chyves/guests/NAME."""
    parent = f"{pool.root}/guests"
    for dataset in datasets.values():
        if dataset.kind == "filesystem" and dataset.name.rpartition("/")[0] == parent:
            yield dataset


def disks_by_guest(storage: Storage) -> dict[str, list[Disk]]:
    """Return the zvols disk{n} by the dataset that they stand in, in the order of their numbers."""
    found: dict[str, list[Disk]] = {}
    for dataset in storage.datasets.values():
        parent, _, name = dataset.name.rpartition("/")
        if dataset.kind == "volume" and DISK_NAME.fullmatch(name):
            own = dataset.own_with_prefix(GUEST_PREFIX)
            size = int(dataset.value("volsize", "0"))
            found.setdefault(parent, []).append(Disk(name, dataset.name, size, own))
    for disks in found.values():
        disks.sort(key=lambda disk: disk.number)
    return found


def make_guest(dataset: Dataset, pool: str, disks: list[Disk], schema: Schema) -> Guest:
    """Return the guest that a filesystem holds."""
    origin = dataset.value("origin", "-")
    return Guest(
        name=dataset.name.rpartition("/")[2],
        pool=pool,
        dataset=dataset.name,
        properties=dataset.own_with_prefix(GUEST_PREFIX),
        disks=tuple(disks),
        used=int(dataset.value("used", "0") or 0),
        origin="" if origin == "-" else origin,
        schema=schema,
    )


def guests_on(storage: Storage, name: str) -> Mapping[str, Guest]:
    """Return the guests in the layout of a pool by name, be it in use or not."""
    layout = storage.pool(name).layout
    if layout is None:
        return {}
    disks = disks_by_guest(storage)
    schema = load_schema("guest")
    parent = f"{layout.name}/guests"
    return {
        each.name.rpartition("/")[2]: make_guest(each, name, disks.get(each.name, []), schema)
        for each in storage.datasets.values()
        if each.kind == "filesystem"
        and each.name.rpartition("/")[0] == parent
        and each.own(VERSION_PROPERTY) is not None
    }
