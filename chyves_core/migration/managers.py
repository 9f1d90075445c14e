"""The managers that guests come from: how each is read, and what an import of its guests does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from chyves_core.cli import Changing
from chyves_core.errors import UsageError
from chyves_core.guests import Guest, Inventory
from chyves_core.host import Host
from chyves_core.migration import moving
from chyves_core.migration.old import OldGuest, Surroundings
from chyves_core.migration.planning import Arrival, Planning
from chyves_core.plan import Plan
from chyves_core.settings import Settings
from chyves_core.zfs import Dataset, inherit, read_tree


@dataclass(frozen=True)
class Resource:
    """One file that guests may need: `kind` is ISO or Firmware, `path` where it is now."""

    kind: str
    name: str
    path: str


@dataclass(frozen=True)
class Manager:
    """All that one look found of an old manager.

    `bridges` are what its switches led to, by bridge; `notes` what the user should know of the
    host; `unnamed` the property by which it knows its guests.
    """

    name: str
    guests: Sequence[OldGuest]
    datasets: Mapping[str, Dataset]
    resources: Sequence[Resource] = ()
    bridges: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    unnamed: str = ""

    def new_bridges(self, settings: Settings) -> dict[str, str]:
        """Return the attachments of bridges that the design does not have yet."""
        return {
            bridge: uplink
            for bridge, uplink in self.bridges.items()
            if f"{bridge}_phy_attach" not in settings.own
        }

    def bring(self, command: Changing, arrival: Arrival, inventory: Inventory) -> None:
        """Bring one guest here, as the command line says."""
        if arrival.is_copied:
            moving.copy_guest(command, arrival, unnamed=self.unnamed)
        else:
            moving.rename_guest(command, arrival, inventory, self.datasets)

    def bring_resources(
        self, command: Changing, inventory: Inventory, planning: Planning, *, everything: bool
    ) -> None:
        """Import the firmware that the guests name, or everything that there is."""
        from chyves_core.migration.resources import bring

        needed = {each.old.firmware for each in planning.arrivals}
        chosen = [
            each
            for each in self.resources
            if everything or (each.kind == "Firmware" and each.name in needed)
        ]
        bring(command, inventory, chosen)


Reader = Callable[[Host, Inventory], Manager]


def find(name: str) -> Reader:
    """Return what reads the guests of a manager; raises UsageError for an unknown one."""
    readers: dict[str, Reader] = {"iohyve": read_iohyve}
    if name not in readers:
        raise UsageError(f"{name}: guests come from {', '.join(readers)}")
    return readers[name]


def read_iohyve(host: Host, inventory: Inventory) -> Manager:
    """Read all that iohyve has on this host's pools, with one zfs call."""
    from chyves_core.migration import iohyve

    pools = [pool.name for pool in inventory.storage.pools if pool.health in ("ONLINE", "DEGRADED")]
    datasets = read_tree(host, [iohyve.root_of(pool) for pool in pools])
    around = surroundings(host)
    rc = host.read("sysrc", "-in", "iohyve_enable", "iohyve_flags", allowed=None).stdout
    words = rc.split()
    uplinks = [word[4:] for word in words if word.startswith("net=") and word[4:]]
    bridges = {"bridge0": uplinks[-1]} if uplinks else {}
    notes = list(iohyve.notes_of(datasets))
    if "YES" in (word.upper() for word in words[:1]):
        notes.append("host: iohyve would start these guests, too: sysrc iohyve_enable=NO")
    found = [
        Resource(kind, each.name.rpartition("/")[2], path)
        for each in datasets.values()
        for kind in iohyve.RESOURCES
        if (path := iohyve.resource_path(datasets, each, kind))
    ]
    return Manager(
        iohyve.MANAGER,
        iohyve.guests_of(datasets, around),
        datasets,
        found,
        bridges,
        notes,
        f"{iohyve.PREFIX}name",
    )


def surroundings(host: Host) -> Surroundings:
    """Return what bhyve's own choices depend on, read with one sysctl call."""
    answer = host.read("sysctl", "-n", "kern.osreldate", "kern.hostname")
    osreldate, _, hostname = answer.stdout.strip().partition("\n")
    return Surroundings(int(osreldate), hostname)


PREFIXES = {"iohyve": ("iohyve:", "iohvye:")}


def plan_cleaning(host: Host, guest: Guest, manager: str) -> Plan:
    """Return the steps that take the properties of an old manager off a guest."""
    tree = read_tree(host, [guest.dataset])
    steps = []
    for prefix in PREFIXES.get(manager, ()):
        names = sorted({name for each in tree.values() for name in own_names(each, prefix)})
        for name in names:
            having = [each.name for each in tree.values() if each.own(name) is not None]
            steps.append(inherit(having, name))
    return tuple(steps)


def own_names(dataset: Dataset, prefix: str) -> list[str]:
    """Return the names of the properties with a prefix that are set on a dataset."""
    return [f"{prefix}{name}" for name in dataset.own_with_prefix(prefix)]
