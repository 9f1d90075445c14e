"""Plan the end of a guest: exactly what goes, and what stands in the way.

A guest counts as one by its version, and that is taken off first: a deletion that is interrupted
leaves a dataset that is no guest any more, and deleting it again goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chyves_core.errors import Refused
from chyves_core.guests import GUEST_PREFIX, VERSION_PROPERTY, Guest, Inventory
from chyves_core.host import Host, failed
from chyves_core.plan import Plan, Step, run
from chyves_core.runtime import Runtime
from chyves_core.sizes import show_size
from chyves_core.zfs import inherit, set_properties


@dataclass(frozen=True)
class Doomed:
    """What deleting one guest destroys.

    `dependants` are other guests that were cloned from it; `names` are all datasets and
    snapshots that go, `used` the bytes that its own datasets take.
    """

    name: str
    dataset: str
    guest: Guest | None
    dependants: tuple[str, ...]
    names: tuple[str, ...]
    used: int

    @property
    def preview(self) -> str:
        """One line that says what goes."""
        own = [name for name in self.names if within(name, self.dataset)]
        disks = sum("@" not in name for name in own) - 1
        snapshots = sum("@" in name for name in own)
        parts = [f"{disks} disk{'s' if disks != 1 else ''}"]
        if snapshots:
            parts.append(f"{snapshots} snapshot{'s' if snapshots != 1 else ''}")
        if self.dependants:
            parts.append(f"its clones {', '.join(self.dependants)}")
        return f"{self.name}: {self.dataset} with {', '.join(parts)}, {show_size(self.used)}"


def within(name: str, dataset: str) -> bool:
    """Return whether a dataset or snapshot is `dataset` or below it; names compare whole."""
    return name == dataset or name.startswith((f"{dataset}/", f"{dataset}@"))


def find_doomed(host: Host, inventory: Inventory, words: str, *, force: bool) -> list[Doomed]:
    """Return what deleting the guests that `words` mean would destroy; nothing is destroyed yet.

    The name of a guest whose deletion or creation was interrupted is understood too. Raises
    Refused where clones depend on a guest and `force` is not given, or where something that is
    no guest depends on it.
    """
    half_made = {dataset.rpartition("/")[2]: dataset for dataset in inventory.half_made}
    if words in half_made and words not in inventory.guests:
        check_ours(inventory, half_made[words])
        return [look(host, inventory, words, half_made[words], None, force=force)]
    return [
        look(host, inventory, guest.name, guest.dataset, guest, force=force)
        for guest in inventory.select(words)
    ]


def check_ours(inventory: Inventory, dataset: str) -> None:
    """Refuse a dataset in a guest's place that chyves never made."""
    if inventory.storage.datasets[dataset].own(f"{GUEST_PREFIX}uuid") is None:
        raise Refused(f"{dataset}: is not a guest", f"zfs get all {dataset}")


def look(
    host: Host, inventory: Inventory, name: str, dataset: str, guest: Guest | None, *, force: bool
) -> Doomed:
    """Ask zfs what destroying one guest's dataset would take with it: `zfs destroy -nvp`."""
    answer = host.read("zfs", "destroy", "-nvpr", dataset, allowed=None)
    if answer.status != 0:
        clones = dependent_datasets(answer.stderr)
        if not clones:
            raise failed(answer)
        if not force:
            raise Refused(
                f"{name}: was cloned, {', '.join(owners(inventory, clones))} would go with it",
                f"chyves {name} delete force",
            )
        answer = host.read("zfs", "destroy", "-nvpR", dataset)
    names = parse_destroy(answer.stdout)
    others = [each for each in names if "@" not in each and not within(each, dataset)]
    dependants = guest_names(inventory, name, others)
    used = int(inventory.storage.datasets[dataset].value("used", "0"))
    return Doomed(name, dataset, guest, dependants, names, used)


def dependent_datasets(complaint: str) -> list[str]:
    """Return the clones that zfs names when it refuses (captures zfs destroy-nvr)."""
    lines = complaint.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("use '-R'")), len(lines))
    return [line.strip() for line in lines[start + 1 :] if line.strip()]


def parse_destroy(output: str) -> tuple[str, ...]:
    """Return the datasets and snapshots in the output of `zfs destroy -nvp`."""
    lines = (line.partition("\t") for line in output.splitlines())
    return tuple(rest for word, _, rest in lines if word == "destroy")


def owners(inventory: Inventory, datasets: Sequence[str]) -> list[str]:
    """Return the guests that datasets belong to, or the dataset itself where it is no guest's."""
    found = []
    for dataset in datasets:
        guest = next(
            (each.name for each in inventory.guests.values() if within(dataset, each.dataset)),
            dataset,
        )
        found.append(guest)
    return list(dict.fromkeys(found))


def guest_names(inventory: Inventory, name: str, others: Sequence[str]) -> tuple[str, ...]:
    """Return the guests that go with `name`; refuses where anything else would."""
    found = owners(inventory, others)
    foreign = [each for each in found if each not in inventory.guests]
    if foreign:
        raise Refused(
            f"{name}: {', '.join(foreign)} was cloned from it and is not a guest",
            f"zfs promote {foreign[0]}",
        )
    return tuple(found)


def check_stopped(doomed: Sequence[Doomed], runtime: Runtime) -> None:
    """Refuse where a guest that would go is running."""
    for each in doomed:
        for name in (each.name, *each.dependants):
            if runtime.is_running(name):
                raise Refused(f"{name}: is running", f"chyves {name} stop")


def plan_delete(doomed: Doomed) -> Plan:
    """Return the steps that delete a guest, with the clones that depend on it where there are."""
    steps: list[Step] = []
    if doomed.guest:
        steps.append(inherit([doomed.dataset], VERSION_PROPERTY))
    steps.append(run("zfs", "destroy", "-R" if doomed.dependants else "-r", doomed.dataset))
    return tuple(steps)


def plan_undo(doomed: Doomed) -> Plan:
    """Return the step that makes a dataset a guest again that could not be destroyed."""
    if doomed.guest is None:
        return ()
    version = doomed.guest.properties["chyves_guest_version"]
    return (set_properties([doomed.dataset], {VERSION_PROPERTY: version}),)
