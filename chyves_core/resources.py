"""Resources: ISO images and firmware, each one file in a dataset of its own on the primary pool.

PRIMARY/chyves/ISO/NAME, mounted on /chyves/PRIMARY/ISO/NAME, holds the file NAME. The dataset is
a resource once its checksum is set on it: until then it is half made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from chyves_core.errors import ChyvesError, NotFound, Refused, UsageError, did_you_mean
from chyves_core.plan import Plan, run
from chyves_core.pools import Pool, Storage
from chyves_core.zfs import Dataset

ISO, FIRMWARE = "ISO", "Firmware"
PREFIX = "chyves.resource:"

# What the schema takes as the value of uefi_firmware. A comma would end a bhyve option.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
LONGEST_NAME = 120
SPELLING = "letters, digits, _ . : - and a letter or digit first"


@dataclass(frozen=True)
class Resource:
    """One ISO image or firmware; `size` of the file and `used` on the pool in bytes.

    `path` is where the host finds the file, `source` where it came from, `imported` when
    (ISO 8601), `former_name` the name that it is being renamed from.
    """

    name: str
    kind: str
    dataset: str
    path: str
    size: int
    used: int
    sha256: str
    source: str
    imported: str
    former_name: str


def place(storage: Storage, kind: str) -> str:
    """Return the dataset below which the resources of a kind stand."""
    return f"{storage.primary.root}/{kind}"


def path_of(storage: Storage, kind: str, name: str) -> str:
    """Return where the host finds the file of a resource."""
    return f"{storage.primary.mountpoint}/{kind}/{name}/{name}"


def all(storage: Storage, kind: str) -> dict[str, Resource]:
    """Return the resources of a kind (ISO or FIRMWARE) by name, sorted; half-made ones are none."""
    return {each.name: each for each in on_pool(storage, storage.primary, kind)}


def on_pool(storage: Storage, pool: Pool, kind: str) -> list[Resource]:
    """Return the resources of a kind that stand on a pool, sorted; only the primary's count."""
    parent = f"{pool.root}/{kind}"
    found = [
        make_resource(f"{pool.mountpoint}/{kind}", kind, dataset)
        for dataset in storage.datasets.values()
        if dataset.name.rpartition("/")[0] == parent
        and dataset.kind == "filesystem"
        and dataset.own(f"{PREFIX}sha256") is not None
    ]
    return sorted(found, key=lambda each: each.name)


def make_resource(folder: str, kind: str, dataset: Dataset) -> Resource:
    """Return the resource that a dataset holds, mounted below `folder`."""
    name = dataset.name.rpartition("/")[2]
    return Resource(
        name=name,
        kind=kind,
        dataset=dataset.name,
        path=f"{folder}/{name}/{name}",
        size=number(dataset.own(f"{PREFIX}size")),
        used=number(dataset.value("used")),
        sha256=dataset.own(f"{PREFIX}sha256") or "",
        source=dataset.own(f"{PREFIX}source") or "",
        imported=dataset.own(f"{PREFIX}imported") or "",
        former_name=dataset.own(f"{PREFIX}former_name") or "",
    )


def number(text: str | None) -> int:
    """Return the bytes that a property says, 0 where it says no number."""
    return int(text) if text and text.isdigit() and text.isascii() else 0


def find(storage: Storage, kind: str, name: str) -> Resource:
    """Return the resource of exactly that name; raises NotFound with near names as a hint.

    While a rename is not finished, the old name finds it as well.
    """
    known = all(storage, kind)
    if name in known:
        return known[name]
    for resource in known.values():
        if name and resource.former_name == name:
            return resource
    raise not_found(kind, name, known)


def not_found(kind: str, name: str, known: Iterable[str]) -> NotFound:
    """Return the error for a resource that is not there."""
    hint = did_you_mean(name, known, f"chyves {word(kind)} list")
    return NotFound(f"{name}: there is no such {noun(kind)}", hint)


def word(kind: str) -> str:
    """Return the word of the command line for a kind."""
    return kind.lower()


def noun(kind: str) -> str:
    """Return what a resource of a kind is called in a sentence."""
    return "ISO" if kind == ISO else "firmware"


def lock(name: str, kind: str = ISO) -> str:
    """Return the name of the lock for one resource; raises NotFound for what is no name."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise not_found(kind, name, ())
    return f"resource-{name}"


def check_name(name: str, longest: int = LONGEST_NAME) -> None:
    """Refuse a name that no resource can have; raises UsageError."""
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} can't be the name of a resource", SPELLING)
    if len(name) > longest:
        raise UsageError(f"{name}: a resource's name has at most {longest} characters")


def plan_clearing(storage: Storage, kind: str, name: str) -> Plan:
    """Return the step that clears what an interrupted import of this name left, if anything.

    Raises Refused where a resource of this name is there, or a dataset that chyves did not begin.
    """
    dataset = storage.datasets.get(f"{place(storage, kind)}/{name}")
    if dataset is None:
        return ()
    if dataset.own(f"{PREFIX}sha256") is not None:
        raise Refused(
            f"{name}: there is such {'an ISO' if kind == ISO else 'a firmware'} already",
            "--name gives the new one another name",
        )
    if dataset.own(f"{PREFIX}source") is None:
        raise Refused(f"{name}: {dataset.name} is there, and is not a resource of chyves")
    return (run("zfs", "destroy", "-r", dataset.name),)


def busy(error: ChyvesError, resource: Resource) -> ChyvesError:
    """Return the error of a zfs call, told as `in use` where a process has the file open."""
    if error.message.rstrip().endswith("is busy"):
        return Refused(
            f"{resource.name}: is in use, a process has it open", f"fstat {resource.path}"
        )
    return error
