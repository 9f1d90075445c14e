"""Guests for tests of lists, made in one step: `create` would take a second for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chyves_core.lab.zfs.bulk import NewDataset, make_datasets

GIBIBYTE = 1 << 30


def make_guests(
    host: Any,
    guests: Mapping[str, Mapping[str, str]],
    pool: str = "zroot",
    disks: int = 1,
    **disk_properties: str,
) -> None:
    """Make guests with these properties and with disks of 1, 2, 3 ... GiB."""
    wanted = []
    for name, properties in guests.items():
        dataset = f"{pool}/chyves/guests/{name}"
        given = {"chyves_guest_version": "1", **properties}
        wanted.append(NewDataset(dataset, {f"chyves:{key}": given[key] for key in given}))
        for number in range(disks):
            own = {f"chyves:{key}": value for key, value in disk_properties.items()}
            wanted.append(NewDataset(f"{dataset}/disk{number}", own, (number + 1) * GIBIBYTE))
    make_datasets(host.lab, wanted)
