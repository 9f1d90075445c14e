"""Set and unset properties of guests, of the defaults and of the host: all or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chyves_core import zfs
from chyves_core.errors import ChyvesError, NotFound, Refused, UsageError
from chyves_core.guests import GUEST_PREFIX, Guest, Inventory
from chyves_core.host import Host
from chyves_core.plan import Plan, Step
from chyves_core.pools import DEFAULT_PREFIX, GLOBAL_PREFIX
from chyves_core.properties.assignments import (
    check_assignments,
    read_assignments,
    split_assignment,
)
from chyves_core.properties.schema import Schema, load_schema
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
            raise UsageError(f"{word}: whose property? A guest comes first")
        else:
            current.append(word)
    for target, assignments in targets.items():
        if not assignments:
            raise UsageError(f"{target}: no PROPERTY=VALUE follows")
    return {target: read_assignments(given) for target, given in targets.items()}


def plan_changes(inventory: Inventory, targets: Mapping[str, Mapping[str, str]]) -> list[Change]:
    """Return what has to be set on which dataset; every value is checked before any is set."""
    unknown_allowed = not global_settings(inventory.storage).enabled("restrict_new_property_names")
    changes: dict[str, Change] = {}
    for target, wanted in targets.items():
        if target in SCOPES:
            schema = load_schema(target)
            values = check_assignments(schema, wanted, unknown_allowed=unknown_allowed)
            add_change(changes, scope_change(inventory, target, values))
            continue
        chosen = inventory.select(target)
        schema = load_schema("guest")
        values = check_assignments(schema, wanted, unknown_allowed=unknown_allowed)
        check_unique(inventory, chosen, schema, values)
        for guest in chosen:
            add_change(changes, guest_change(guest, values))
    return list(changes.values())


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


def guest_change(guest: Guest, values: Mapping[str, str]) -> Change:
    """Return the change of one guest; a template's dataset becomes read-only with it."""
    full = {f"{GUEST_PREFIX}{name}": value for name, value in values.items()}
    before: dict[str, str | None] = {
        f"{GUEST_PREFIX}{name}": guest.properties.get(name) for name in values
    }
    if "template" in values:
        full["readonly"] = "on" if values["template"] == "yes" else "off"
        before["readonly"] = "on" if guest.is_template else "off"
    return Change(guest.dataset, full, before)


def check_unique(
    inventory: Inventory, chosen: Sequence[Guest], schema: Schema, values: Mapping[str, str]
) -> None:
    """Refuse a value that another guest has where no two may have the same."""
    for name, value in values.items():
        known = schema.find(name)
        if not value or known is None or "unique" not in known.marks:
            continue
        if len(chosen) > 1:
            raise Refused(f"{name}: no two guests can have the same value")
        names = {guest.name for guest in chosen}
        for other in inventory.guests.values():
            if other.name not in names and value in values_of(other, known.name):
                raise Refused(f"{name}={value} is taken by {other.name}")


def values_of(guest: Guest, declared: str) -> list[str]:
    """Return the values that a guest has for a declared property, {n} being any number."""
    known = guest.schema.find(declared.replace("{n}", "0"))
    return [value for name, value in guest.properties.items() if known and known.matches(name)]


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


def carry_out(host: Host, changes: Sequence[Change]) -> None:
    """Set everything, or nothing: where one call fails, the values from before are brought back.

    `zfs set` of several pairs is all or nothing for a dataset, of several datasets it is not
    (captures zfs set-several-ds-missing).
    """
    try:
        host.act(*plan_set(changes))
    except ChyvesError:
        host.try_to(*plan_undo(changes))
        raise


def plan_unset(inventory: Inventory, target: str, name: str) -> Plan:
    """Return the step that takes an optional property off guests, the defaults or the host.

    Raises Refused for one that a guest always has, NotFound where no dataset has it.
    """
    if target in SCOPES:
        datasets = [inventory.storage.primary.root]
        has = name in inventory.storage.settings(SCOPES[target])
        prefix = SCOPES[target]
    else:
        chosen = [guest for guest in inventory.select(target) if name in guest.properties]
        check_optional(name)
        datasets, has, prefix = [guest.dataset for guest in chosen], bool(chosen), GUEST_PREFIX
    if not has:
        raise NotFound(f"{target}: {name} is not set")
    return (zfs.inherit(datasets, f"{prefix}{name}"),)


def check_optional(name: str) -> None:
    """Refuse to unset a property that every guest has."""
    known = load_schema("guest").find(name)
    if known and (known.managed or not known.optional):
        raise Refused(
            f"{name}: every guest has this property, it can't be unset",
            f"chyves GUEST set {name}={known.default}" if not known.managed else None,
        )
