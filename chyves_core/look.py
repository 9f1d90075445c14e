"""One look at the host: each part of it is read when it is first asked for, and once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from chyves_core.guests import Disk, Guest, Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.output import Size
from chyves_core.runtime import Runtime, read_runtime

if TYPE_CHECKING:
    from chyves_core.bhyve.version import HostFacts
    from chyves_core.network.ifconfig import Interface


class Look:
    """What lists are made from."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @cached_property
    def inventory(self) -> Inventory:
        """Pools and guests: one zpool call and one zfs call."""
        return read_inventory(self.host)

    @cached_property
    def runtime(self) -> Runtime:
        """What runs now: one ps call where something of chyves can run."""
        return read_runtime(self.host)

    @cached_property
    def facts(self) -> HostFacts:
        """What the host can do: one sysctl call."""
        from chyves_core.bhyve.version import read_boot_facts

        return read_boot_facts(self.host)

    @cached_property
    def interfaces(self) -> Mapping[str, Interface]:
        """The host's interfaces: one ifconfig call."""
        from chyves_core.network.ifconfig import read_interfaces

        return read_interfaces(self.host)

    def guests(self, words: Sequence[str] = ()) -> list[Guest]:
        """Return the guests that the words mean, each once; `all` and no word are all of them.

        A name that stands for two guests is refused where it was asked for; it is left out of
        the list of all, see Inventory.twice.
        """
        if list(words) in ([], ["all"]):
            return list(self.inventory.guests.values())
        chosen: dict[str, Guest] = {}
        for word in words:
            chosen |= {guest.name: guest for guest in self.inventory.select(word)}
        return list(chosen.values())

    def used(self, disk: Disk) -> Size:
        """Return the bytes that a disk takes on its pool."""
        return Size(self.inventory.storage.datasets[disk.dataset].value("used", "0") or 0)

    def origin(self, disk: Disk) -> str:
        """Return the snapshot that a disk was cloned from; empty for one that stands alone."""
        origin = self.inventory.storage.datasets[disk.dataset].value("origin", "-")
        return "" if origin == "-" else origin
