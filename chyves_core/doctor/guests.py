"""What is wrong with the properties of guests: doubles, values that set would not take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chyves_core import zfs
from chyves_core.bhyve import slots
from chyves_core.doctor.finding import Finding
from chyves_core.errors import ChyvesError
from chyves_core.guests import GUEST_PREFIX, Guest
from chyves_core.look import Look
from chyves_core.properties.schema import Schema, load_schema


def twice(look: Look) -> Iterator[Finding]:
    """Find names that stand for two guests."""
    for name, places in look.inventory.twice.items():
        if name in look.inventory.unfinished:
            # The interrupted change is a finding of its own, and ends this.
            continue
        pool = places[-1].partition("/")[0]
        problem = f"there are 2 guests of this name, {' and '.join(places)}"
        yield Finding(name, problem, f"chyves dataset {pool} offline")


def conflicts(look: Look) -> Iterator[Finding]:
    """Find values that no two guests may have and that two have.

    Where all of them are the same, one guest is an exact clone of the other: that is meant.
    """
    schema = load_schema("guest")
    identities: dict[frozenset[tuple[str, str]], list[Guest]] = {}
    for guest in look.inventory.guests.values():
        identities.setdefault(frozenset(unique_values(schema, guest)), []).append(guest)
    owners: dict[tuple[str, str], list[str]] = {}
    for identity, alike in identities.items():
        if any(kind == "uuid" for kind, _ in identity):
            alike.sort(key=lambda each: age(look, each))
            yield from exact_copies(alike)
            del alike[1:]
        for guest in alike:
            for each in identity:
                owners.setdefault(each, []).append(guest.name)
    for (kind, value), names in sorted(owners.items()):
        if len(names) > 1:
            first, *others = names
            problem = f"{kind}={value} is that of {', '.join(others)} too"
            yield Finding(first, problem, f"chyves info -v {','.join(names)}")


def age(look: Look, guest: Guest) -> tuple[int, bool, str]:
    """Return what guests are sorted by, so that the oldest comes first.

    Of those made in one second, a ZFS clone is younger than what it may stand on.
    """
    dataset = look.inventory.storage.datasets[guest.dataset]
    return int(dataset.value("creation", "0")), bool(guest.origin), guest.name


def exact_copies(alike: Sequence[Guest]) -> Iterator[Finding]:
    """Return a note for each of several guests with one identity, but for the first of them."""
    first, *copies = alike
    for each in copies:
        problem = f"is an exact copy of {first.name}: don't run both on one network"
        yield Finding(each.name, problem, f"chyves info -v {first.name},{each.name}", note=True)


def unique_values(schema: Schema, guest: Guest) -> Iterator[tuple[str, str]]:
    """Return what a guest has and no other one may have: the declared property, and the value."""
    for name, value in guest.properties.items():
        known = schema.find(name)
        if known and "unique" in known.marks:
            for part in value.lower().split(","):
                if part:
                    yield known.name, part


def wrong_slots(look: Look) -> Iterator[Finding]:
    """Find PCI slots that can't be read: other hands wrote them, and devices would move."""
    for guest in look.inventory.guests.values():
        text = guest.value("pci_slots")
        wrong = slots.unreadable(text)
        if wrong:
            problem = (
                f"pci_slots: {', '.join(wrong)} can't be read or is taken; what it is about gets "
                "another slot at the next start"
            )
            right = ",".join(each for each in text.split(",") if each not in wrong)
            step = zfs.set_properties([guest.dataset], {f"{GUEST_PREFIX}pci_slots": right})
            yield Finding(guest.name, problem, str(step))


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
                if name == "net_ifaces":  # `set` leaves it to these
                    command = f"chyves network {guest.name} remove|add INTERFACE"
                yield Finding(guest.name, error.message, command)
