"""Set and unset properties of guests, of the defaults and of the host: all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chyves_core import journal, locks, zfs
from chyves_core.errors import ChyvesError, NotFound, Refused, UsageError
from chyves_core.guests import GUEST_PREFIX, Guest, Inventory
from chyves_core.host import Host
from chyves_core.plan import Plan, Step
from chyves_core.pools import DEFAULT_PREFIX, GLOBAL_PREFIX, read_storage
from chyves_core.properties.assignments import (
    check_assignments,
    read_assignments,
    split_assignment,
)
from chyves_core.properties.schema import Schema, load_schema
from chyves_core.runtime import Runtime
from chyves_core.settings import global_settings

SCOPES = {"global": GLOBAL_PREFIX, "defaults": DEFAULT_PREFIX}


@dataclass(frozen=True)
class Change:
    """Full property names with their new values for one dataset, and its values until now."""

    dataset: str
    values: Mapping[str, str]
    before: Mapping[str, str | None]


def read_targets(words: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the wanted values by target for `web1 cpu=2 ram=1G web2 cpu=4`."""
    targets: dict[str, list[str]] = {}
    current: list[str] | None = None
    for word in words:
        if split_assignment(word) is None:
            current = targets.setdefault(word, [])
        elif current is None:
            name = word.partition("=")[0]
            raise UsageError(f"{name}: whose property? A guest comes first")
        else:
            current.append(word)
    for target, assignments in targets.items():
        if not assignments:
            hint = f"chyves {target} set PROPERTY=VALUE, without blanks around the ="
            raise UsageError(f"{target}: no PROPERTY=VALUE follows", hint)
    return {target: read_assignments(given) for target, given in targets.items()}


def plan_changes(inventory: Inventory, targets: Mapping[str, Mapping[str, str]]) -> list[Change]:
    """Return what has to be set on which dataset; every value is checked before any is set."""
    unknown_allowed = not global_settings(inventory.storage).enabled("restrict_new_property_names")
    changes: dict[str, Change] = {}
    guests: dict[str, Mapping[str, str]] = {}
    for target, wanted in targets.items():
        if target in SCOPES:
            schema = load_schema(target)
            values = check_for(target, schema, wanted, unknown_allowed)
            add_change(changes, scope_change(inventory, target, values))
            continue
        chosen = inventory.select(target)
        schema = load_schema("guest")
        values = check_for(target, schema, wanted, unknown_allowed)
        for guest in chosen:
            check_disks(guest.name, [disk.name for disk in guest.disks], values)
            add_change(changes, guest_change(inventory, guest, values))
            guests[guest.name] = {**guests.get(guest.name, {}), **values}
    check_unique(inventory, guests)
    return list(changes.values())


def check_templates(changes: Sequence[Change], runtime: Runtime) -> None:
    """Refuse to make a template of a guest that runs: its disks would become read-only."""
    for change in changes:
        name = change.dataset.rpartition("/")[2]
        if change.values.get("readonly") == "on" and runtime.is_running(name):
            raise Refused(f"{name}: is running", f"chyves {name} stop")


def check_for(
    target: str, schema: Schema, wanted: Mapping[str, str], unknown_allowed: bool
) -> dict[str, str]:
    """Return the values as they are stored; an error names whose they should have been."""
    try:
        return check_assignments(schema, wanted, unknown_allowed=unknown_allowed)
    except ChyvesError as error:
        raise type(error)(f"{target}: {error.message}", error.hint) from None


def check_disks(guest: str, disks: Sequence[str], names: Iterable[str]) -> None:
    """Refuse options for a disk that a guest does not have: a later disk would come by them."""
    for name in names:
        disk = name.removeprefix("virtio_block_options_")
        if disk != name and disk not in disks:
            raise NotFound(f"{guest}: {name}: there is no {disk}", f"chyves {guest} disk list")


def add_change(changes: dict[str, Change], new: Change) -> None:
    """Add a change; two of one dataset become one, and may not contradict each other."""
    old = changes.get(new.dataset)
    if old:
        for name in old.values.keys() & new.values.keys():
            if old.values[name] != new.values[name]:
                raise UsageError(f"{new.dataset}: {name} is given two values")
        new = Change(new.dataset, {**old.values, **new.values}, {**old.before, **new.before})
    changes[new.dataset] = new


def scope_change(inventory: Inventory, scope: str, values: Mapping[str, str]) -> Change:
    """Return the change of global properties or defaults, which stand on the primary pool."""
    primary = inventory.storage.primary
    prefix = SCOPES[scope]
    before = inventory.storage.settings(prefix)
    return Change(
        primary.root,
        {f"{prefix}{name}": value for name, value in values.items()},
        {f"{prefix}{name}": before.get(name) for name in values},
    )


def guest_change(inventory: Inventory, guest: Guest, values: Mapping[str, str]) -> Change:
    """Return the change of one guest; a template's dataset becomes read-only with it."""
    full = {f"{GUEST_PREFIX}{name}": value for name, value in values.items()}
    before: dict[str, str | None] = {
        f"{GUEST_PREFIX}{name}": guest.properties.get(name) for name in values
    }
    if "template" in values:
        full["readonly"] = "on" if values["template"] == "yes" else "off"
        before["readonly"] = inventory.storage.datasets[guest.dataset].own("readonly")
    return Change(guest.dataset, full, before)


def check_unique(inventory: Inventory, given: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse values by guest, there or new, that two guests would have where no two may."""
    schema = load_schema("guest")
    unique = {
        name: known.name
        for values in given.values()
        for name in values
        if (known := schema.find(name)) and "unique" in known.marks
    }
    if not unique:
        return
    after = {name: {**guest.properties} for name, guest in inventory.guests.items()}
    for guest_name, values in given.items():
        after[guest_name] = {**after.get(guest_name, {}), **values}
    for guest_name, values in given.items():
        for name in unique.keys() & values.keys():
            for owner, properties in after.items():
                rest = {
                    key: properties[key] for key in properties if (owner, key) != (guest_name, name)
                }
                if values[name] and values[name] in values_of(schema, rest, unique[name]):
                    raise taken(guest_name, name, values[name], owner, given)


def taken(
    guest: str, name: str, value: str, owner: str, given: Mapping[str, Mapping[str, str]]
) -> Refused:
    """Return the error for a value of one guest that another one has, or was given too."""
    if owner in given:
        return Refused(f"{guest}: {name}={value}: no two guests can have the same value")
    return Refused(f"{guest}: {name}={value} is taken by {owner}")


def values_of(schema: Schema, properties: Mapping[str, str], declared: str) -> list[str]:
    """Return the values that properties have for a declared one, {n} being any number."""
    known = schema.find(declared.replace("{n}", "0"))
    return [value for name, value in properties.items() if known and known.matches(name)]


def plan_set(changes: Sequence[Change]) -> Plan:
    """Return the fewest zfs calls: one for all datasets that get the same values."""
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for change in changes:
        groups.setdefault(tuple(change.values.items()), []).append(change.dataset)
    return tuple(zfs.set_properties(datasets, dict(values)) for values, datasets in groups.items())


def plan_undo(changes: Sequence[Change]) -> Plan:
    """Return the steps that bring back the values from before."""
    steps: list[Step] = []
    for change in changes:
        old = {name: value for name, value in change.before.items() if value is not None}
        if old:
            steps.append(zfs.set_properties([change.dataset], old))
        steps += [
            zfs.inherit([change.dataset], name)
            for name, value in change.before.items()
            if value is None
        ]
    return tuple(steps)


def carry_out(
    host: Host, pool: str, plan: Plan, changes: Sequence[Change], title: str = ""
) -> None:
    """Do all of the plan, or nothing: where one call fails, the values from before are back.

    `zfs set` of several pairs is all or nothing for a dataset, of several datasets it is not
    (captures zfs set-several-ds-missing). Several calls go through the journal of `pool`, as the
    command `title`.
    """
    concerned = guest_locks(changes)
    if len(plan) > 1:
        guests = ",".join(change.dataset.rpartition("/")[2] for change in changes)
        entry = journal.Entry(title or f"{guests} set", concerned, plan, plan_undo(changes))
        journal.resume(host, entry.title, concerned)
        journal.carry_out(host, pool, entry)
        return
    journal.refuse_interrupted(host, concerned)
    try:
        host.act(*plan)
    except (ChyvesError, KeyboardInterrupt) as error:
        failed = [change for change in changes if host.try_to(*plan_undo([change]))]
        lost = [change.dataset for change in failed if not is_as_before(host, change)]
        if not lost:
            raise
        raise ChyvesError(
            f"{str(error) or 'interrupted'}; the values from before could not be brought back on "
            + ", ".join(lost),
            f"zfs get all {lost[0]}",
        ) from error


def resume(host: Host, title: str, changes: Sequence[Change]) -> bool:
    """End the interrupted command of this title, if it concerns the changes; return whether."""
    return journal.resume(host, title, guest_locks(changes))


def is_as_before(host: Host, change: Change) -> bool:
    """Return whether a dataset has the values from before a change."""
    dataset = read_storage(host).datasets.get(change.dataset)
    return dataset is not None and all(
        dataset.own(name) == value for name, value in change.before.items()
    )


def guest_locks(changes: Sequence[Change]) -> tuple[str, ...]:
    """Return the locks of the guests, or of the pool's layout, that are changed."""
    return tuple(
        locks.guest_lock(name) if "/guests/" in change.dataset else locks.NUMBERING
        for change in changes
        for name in [change.dataset.rpartition("/")[2]]
    )


def plan_unset(inventory: Inventory, target: str, name: str) -> list[Change]:
    """Return which datasets an optional property is taken off: guests', or the primary pool's.

    Raises Refused for one that a guest always has, UsageError for one that does not exist,
    NotFound where no dataset has it.
    """
    if target in SCOPES:
        value = inventory.storage.settings(SCOPES[target]).get(name)
        found = {inventory.storage.primary.root: value}
        prefix = SCOPES[target]
    else:
        chosen = inventory.select(target)
        check_optional(name)
        found = {guest.dataset: guest.properties.get(name) for guest in chosen}
        prefix = GUEST_PREFIX
    changes = [
        Change(dataset, {}, {f"{prefix}{name}": value})
        for dataset, value in found.items()
        if value is not None
    ]
    if not changes:
        load_schema(target if target in SCOPES else "guest").get(name)
        raise NotFound(f"{target}: {name} is not set")
    return changes


def unset(host: Host, pool: str, changes: Sequence[Change]) -> None:
    """Take one property off all the datasets, or off none."""
    (name,) = changes[0].before
    step = zfs.inherit([change.dataset for change in changes], name)
    carry_out(host, pool, (step,), changes)


def check_optional(name: str) -> None:
    """Refuse to unset a property that every guest has."""
    known = load_schema("guest").find(name)
    if known and (known.managed or not known.optional):
        raise Refused(
            f"{name}: every guest has this property, it can't be unset",
            f"chyves GUEST set {name}={known.default}" if not known.managed else None,
        )
