"""Where iohyve keeps what: which datasets are guests, and what lies beside them."""

from __future__ import annotations

from collections.abc import Mapping

from chyves_core.zfs import Dataset

MANAGER = "iohyve"
PREFIX = "iohyve:"
# `create` writes this one with two letters swapped.
SWAPPED = "iohvye:"
RESOURCES = ("ISO", "Firmware")


def root_of(pool: str) -> str:
    """Return where iohyve keeps its guests on a pool."""
    return f"{pool}/iohyve"


def is_guest(dataset: Dataset) -> bool:
    """Return whether a dataset is a guest of iohyve, and not a copy of one that lies deeper."""
    return is_in_place(dataset) and bool(dataset.own(f"{PREFIX}name"))


def is_in_place(dataset: Dataset) -> bool:
    """Return whether a filesystem is at exactly POOL/iohyve/NAME."""
    parts = dataset.name.split("/")
    if dataset.kind != "filesystem" or len(parts) != 3 or "@" in dataset.name:
        return False
    return parts[1] == "iohyve" and parts[2] not in RESOURCES


def copies_of(datasets: Mapping[str, Dataset]) -> list[str]:
    """Return the datasets that have a guest's name and are none: copies that replication made."""
    named = (each for each in datasets.values() if each.kind == "filesystem")
    return [each.name for each in named if each.own(f"{PREFIX}name") and not is_guest(each)]


def folder_of(datasets: Mapping[str, Dataset], dataset: str) -> str:
    """Return where a guest's filesystem is mounted."""
    own = datasets[dataset].own("mountpoint")
    root, _, name = dataset.rpartition("/")
    return own or f"{datasets[root].own('mountpoint') or f'/{root}'}/{name}"


def folder_in(datasets: Mapping[str, Dataset], dataset: str) -> str:
    """Return where a dataset will be mounted, which is not there yet."""
    root, _, name = dataset.rpartition("/")
    there = datasets.get(root)
    return f"{(there.own('mountpoint') if there else None) or '/iohyve'}/{name}"


def notes_of(datasets: Mapping[str, Dataset]) -> list[str]:
    """Return what the user should know of datasets that are no guests."""
    notes = [
        f"{name}: has a guest's name and lies deeper than POOL/iohyve/NAME: a copy, no guest"
        for name in copies_of(datasets)
    ]
    for each in datasets.values():
        own = each.own_with_prefix(PREFIX)
        if is_in_place(each) and own and "name" not in own:
            told = ", ".join(f"{name}={value}" for name, value in sorted(own.items()))
            notes.append(
                f"{each.name}: is no guest and has {told}; iohyve may have meant a namesake"
            )
    return notes


def resource_path(datasets: Mapping[str, Dataset], dataset: Dataset, kind: str) -> str:
    """Return the file that a dataset of iohyve's ISO or Firmware holds, nothing for others."""
    parts = dataset.name.split("/")
    if len(parts) != 4 or parts[1:3] != ["iohyve", kind] or "@" in dataset.name:
        return ""
    root = datasets["/".join(parts[:2])].own("mountpoint") or f"/{parts[0]}/iohyve"
    return f"{root}/{kind}/{parts[3]}/{parts[3]}"
