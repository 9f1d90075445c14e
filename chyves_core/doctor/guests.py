"""What is wrong with the properties of guests: doubles, values that set would not take."""

from __future__ import annotations

from collections.abc import Iterator

from chyves_core.doctor.finding import Finding
from chyves_core.errors import ChyvesError
from chyves_core.guests import Guest
from chyves_core.look import Look
from chyves_core.properties.schema import Schema, load_schema


def twice(look: Look) -> Iterator[Finding]:
    """Find names that stand for two guests."""
    for name, places in look.inventory.twice.items():
        pool = places[-1].partition("/")[0]
        problem = f"there are 2 guests of this name, {' and '.join(places)}"
        yield Finding(name, problem, f"chyves dataset {pool} offline")


def conflicts(look: Look) -> Iterator[Finding]:
    """Find values that no two guests may have and that two have."""
    schema = load_schema("guest")
    owners: dict[tuple[str, str], list[str]] = {}
    for guest in look.inventory.guests.values():
        for kind, value in unique_values(schema, guest):
            owners.setdefault((kind, value), []).append(guest.name)
    for (kind, value), names in sorted(owners.items()):
        if len(names) > 1:
            first, *others = names
            problem = f"{kind}={value} is that of {', '.join(others)} too"
            yield Finding(first, problem, f"chyves info -v {','.join(names)}")


def unique_values(schema: Schema, guest: Guest) -> Iterator[tuple[str, str]]:
    """Return what a guest has and no other one may have: the declared property, and the value."""
    for name, value in guest.properties.items():
        known = schema.find(name)
        if known and "unique" in known.marks:
            for part in value.lower().split(","):
                if part:
                    yield known.name, part


def wrong_values(look: Look) -> Iterator[Finding]:
    """Find values that `set` would not take: they were set by other hands."""
    schema = load_schema("guest")
    for guest in look.inventory.guests.values():
        for name, value in guest.properties.items():
            known = schema.find(name)
            if known is None:
                continue
            try:
                schema.check(name, value)
            except ChyvesError as error:
                command = f"chyves {guest.name} set {name}={known.default or 'VALUE'}"
                yield Finding(guest.name, error.message, command)
