"""Plan the end of a guest: exactly what goes, and what stands in the way.

A guest counts as one by its version, and that is taken off first: a deletion that is interrupted
leaves a dataset that is no guest any more, and deleting it again goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import replace

from chyves_core.doomed import Doomed, How, within
from chyves_core.errors import Refused
from chyves_core.guests import GUEST_PREFIX, VERSION_PROPERTY, Guest, Inventory
from chyves_core.host import Host, failed
from chyves_core.names import split_list
from chyves_core.plan import Plan, Step, run
from chyves_core.promote import find_promotions
from chyves_core.runtime import Runtime
from chyves_core.zfs import inherit, set_properties


def find_targets(inventory: Inventory, words: str) -> dict[str, str]:
    """Return the datasets of the guests that `words` mean, by name, none of them looked at yet.

    The name of a guest whose deletion or creation was interrupted is understood too.
    """
    half_made = {dataset.rpartition("/")[2]: dataset for dataset in inventory.half_made}
    targets: dict[str, str] = {}
    for word in ("all",) if words == "all" else split_list(words):
        if word in half_made and word not in (*inventory.guests, *inventory.twice):
            check_ours(inventory, half_made[word])
            targets[word] = half_made[word]
        else:
            targets |= {guest.name: guest.dataset for guest in inventory.select(word)}
    return targets


def check_ours(inventory: Inventory, dataset: str) -> None:
    """Refuse a dataset in a guest's place that chyves never made."""
    if inventory.storage.datasets[dataset].own(f"{GUEST_PREFIX}uuid") is None:
        raise Refused(f"{dataset}: is not a guest", f"zfs get all {dataset}")


def look(
    host: Host, inventory: Inventory, targets: Mapping[str, str], name: str, how: How
) -> Doomed:
    """Ask zfs what destroying one of the targets would take with it; nothing is destroyed.

    Raises Refused where it was cloned and the clones are neither among the targets nor forced
    nor promoted, and where something that is no guest would go.
    """
    dataset = targets[name]
    answer = host.read("zfs", "destroy", "-nvpr", dataset, allowed=None)
    if answer.status != 0:
        if not dependent_datasets(answer.stderr):
            raise failed(answer)
        answer = host.read("zfs", "destroy", "-nvpR", dataset)
    names = parse_destroy(answer.stdout)
    others = [each for each in names if "@" not in each and not within(each, dataset)]
    used = int(inventory.storage.datasets[dataset].value("used", "0"))
    guest = inventory.guests.get(name)
    origins = find_origins(host, inventory, targets, dataset)
    if how.promote and others:
        return look_at_clones(
            host, inventory, targets, Doomed(name, dataset, guest, (), (), names, used, origins)
        )
    clones = clone_owners(inventory, name, others)
    earlier = tuple(each.name for each in clones if each.name in targets)
    with_it = tuple(each for each in clones if each.name not in targets)
    if with_it and not how.force:
        raise Refused(
            f"{name}: was cloned, {', '.join(each.name for each in with_it)} would go with it",
            f"chyves {name} delete promote keeps them, delete force does not",
        )
    return Doomed(name, dataset, guest, with_it, earlier, names, used, origins)


def look_at_clones(
    host: Host, inventory: Inventory, targets: Mapping[str, str], doomed: Doomed
) -> Doomed:
    """Return what goes when everything that was cloned from a guest is to live on."""
    owners: dict[str, str | None] = {}
    for each in doomed.names:
        if "@" not in each and not within(each, doomed.dataset):
            guest = owner_of(inventory, each)
            owners[each] = guest.name if guest else None
    for owner in owners.values():
        if owner in targets:
            raise Refused(
                f"{doomed.name}: its clone {owner} is to be deleted too, and has to go first",
                f"then chyves {doomed.name} delete promote",
            )
    promotions = find_promotions(host, doomed.dataset, owners)
    moved = {move.name for each in promotions for move in each.moves}
    own = [each for each in doomed.names if within(each, doomed.dataset) and each not in moved]
    # What it stood on itself is then what its heir stands on.
    left = () if promotions else doomed.origins
    return replace(doomed, names=tuple(own), origins=left, promotions=promotions, owners=owners)


def find_origins(
    host: Host, inventory: Inventory, targets: Mapping[str, str], dataset: str
) -> tuple[str, ...]:
    """Return the snapshots of other guests that go with the last of their clones.

    Those are snapshots that `clone` took, see cloning.let_go.
    """
    found = {
        each.value("origin", "-")
        for each in inventory.storage.datasets.values()
        if within(each.name, dataset)
    }
    outside = sorted(each for each in found if each != "-" and not within(each, dataset))
    if not outside:
        return ()
    argv = ("zfs", "get", "-Hp", "-o", "name,property,value", "defer_destroy,clones")
    rows = [line.split("\t") for line in host.read(*argv, *outside).stdout.splitlines()]
    values = {(name, key): value for name, key, value in rows}
    going = targets.values()
    return tuple(
        each
        for each in outside
        if values.get((each, "defer_destroy")) == "on"
        and all(
            any(within(clone, target) for target in going)
            for clone in values.get((each, "clones"), "").split(",")
        )
    )


def dependent_datasets(complaint: str) -> list[str]:
    """Return the clones that zfs names when it refuses (captures zfs destroy-nvr)."""
    lines = complaint.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("use '-R'")), len(lines))
    return [line.strip() for line in lines[start + 1 :] if line.strip()]


def parse_destroy(output: str) -> tuple[str, ...]:
    """Return the datasets and snapshots in the output of `zfs destroy -nvp`."""
    lines = (line.partition("\t") for line in output.splitlines())
    return tuple(rest for word, _, rest in lines if word == "destroy")


def clone_owners(inventory: Inventory, name: str, datasets: Sequence[str]) -> list[Guest]:
    """Return the guests that clones of a guest belong to; refuses where one is no guest's."""
    found: dict[str, Guest] = {}
    for dataset in datasets:
        owner = owner_of(inventory, dataset)
        if owner is None:
            raise Refused(
                f"{name}: {dataset} was cloned from it and is not a guest",
                f"chyves {name} delete promote",
            )
        found[owner.name] = owner
    return list(found.values())


def owner_of(inventory: Inventory, dataset: str) -> Guest | None:
    """Return the guest that a dataset belongs to."""
    return next((g for g in inventory.guests.values() if within(dataset, g.dataset)), None)


def check_not_held(host: Host, doomed: Doomed) -> None:
    """Refuse where a snapshot that would go is held.

    `zfs destroy -r` finds that out only when all that comes before it is gone: the disks
    (tests/lab/zfs/transcripts/holds.txt).
    """
    roots = dict.fromkeys((doomed.dataset, *(guest.dataset for guest in doomed.guests)))
    held = first_held(host, doomed.names, roots)
    if held:
        raise Refused(f"{doomed.name}: a snapshot is held: {held}", f"zfs holds {held}")


def first_held(host: Host, names: Collection[str], roots: Iterable[str]) -> str:
    """Return the first of the snapshots below the roots that zfs-hold(8) keeps, empty for none."""
    if not any("@" in name for name in names):
        return ""
    argv = ("zfs", "get", "-Hp", "-r", "-t", "snapshot", "-o", "name,value", "userrefs")
    for line in host.read(*argv, *roots).stdout.splitlines():
        name, _, holds = line.partition("\t")
        if holds not in ("0", "-") and name in names:
            return name
    return ""


def check_stopped(doomed: Doomed, runtime: Runtime) -> None:
    """Refuse where a guest that would go is running."""
    for name in (doomed.name, *(each.name for each in doomed.dependants)):
        if runtime.is_running(name):
            raise Refused(f"{name}: is running", f"chyves {name} stop")


def plan_delete(doomed: Doomed) -> Plan:
    """Return the steps that delete a guest, with the clones that depend on it where there are."""
    steps: list[Step] = []
    if doomed.guests:
        steps.append(inherit([each.dataset for each in doomed.guests], VERSION_PROPERTY))
    steps += [each.step for each in doomed.promotions]
    steps.append(run("zfs", "destroy", "-R" if doomed.dependants else "-r", doomed.dataset))
    return tuple(steps)


def plan_undo(doomed: Doomed, left: Set[str]) -> Plan:
    """Return the steps that make guests again of those of which all is left."""
    return tuple(
        set_properties([guest.dataset], {VERSION_PROPERTY: guest.value("chyves_guest_version")})
        for guest in doomed.guests
        if all(name in left for name in doomed.names if within(name, guest.dataset))
    )


def plan_giving_back(doomed: Doomed) -> Plan:
    """Return the steps that undo the promotions, where nothing is destroyed yet, and all else."""
    return (
        run("zfs", "list", "-H", "-o", "name", *doomed.names),
        *(each.undo for each in reversed(doomed.promotions)),
        *plan_undo(doomed, set(doomed.names)),
    )


def read_left(host: Host, doomed: Doomed) -> Set[str]:
    """Return which datasets and snapshots are still there after a deletion that failed."""
    roots = dict.fromkeys((doomed.dataset, *(guest.dataset for guest in doomed.guests)))
    argv = ("zfs", "list", "-H", "-r", "-t", "all", "-o", "name")
    return set(host.read(*argv, *roots, allowed=None).stdout.splitlines())
