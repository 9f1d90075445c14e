"""A manager that guests come from: all that was found of it, and what an import does with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chyves_core.cli import Changing
from chyves_core.guests import Guest, Inventory
from chyves_core.host import Host
from chyves_core.migration import moving
from chyves_core.migration.arrival import Arrival
from chyves_core.migration.old import OldGuest
from chyves_core.migration.planning import Planning
from chyves_core.plan import Plan, Remove
from chyves_core.settings import Settings
from chyves_core.zfs import Dataset, inherit, read_tree


@dataclass(frozen=True)
class Resource:
    """One file that guests may need: `kind` is ISO or Firmware, `path` where it is now.

    `dataset` is that of one that is in its place already.
    """

    kind: str
    name: str
    path: str
    dataset: str = ""


@dataclass(frozen=True)
class Manager:
    """All that one look found of an old manager.

    `bridges` are what its switches led to, by bridge; `notes` what the user should know of the
    host; `unnamed` the property by which it knows its guests; `vlans` the interface of each vlan.
    `before` makes its layout one of ours, `inventory` is how this host will be then.
    """

    name: str
    guests: Sequence[OldGuest]
    datasets: Mapping[str, Dataset]
    resources: Sequence[Resource] = ()
    bridges: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    unnamed: str = ""
    vlans: Mapping[str, str] = field(default_factory=dict)
    before: Plan = ()
    inventory: Inventory | None = None

    def new_bridges(self, settings: Settings) -> dict[str, str]:
        """Return the attachments of bridges that the design does not have yet."""
        return {
            bridge: uplink
            for bridge, uplink in self.bridges.items()
            if f"{bridge}_phy_attach" not in settings.own
        }

    def bring(self, command: Changing, arrival: Arrival, inventory: Inventory) -> None:
        """Bring one guest here, as the command line says."""
        if arrival.old.dataset == arrival.target:
            moving.set_up_guest(command, arrival)
        elif not arrival.old.dataset:
            moving.build_guest(command, arrival)
        elif arrival.is_copied:
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
            if everything or each.dataset or (each.kind == "Firmware" and each.name in needed)
        ]
        bring(command, inventory, chosen)


PREFIXES = {"iohyve": ("iohyve:", "iohvye:")}


def plan_cleaning(host: Host, guest: Guest, manager: str) -> Plan:
    """Return the steps that take the properties of an old manager off a guest."""
    if manager == "vm-bhyve":
        return (Remove(f"{guest.folder}/{guest.name}.conf"),)
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
