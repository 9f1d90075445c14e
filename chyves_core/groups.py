"""Groups: names that a guest keeps in its property `groups`; `:NAME` means all who have it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from chyves_core import locks, setting
from chyves_core.errors import NotFound, UsageError
from chyves_core.guests import GUEST_PREFIX, Guest, read_inventory
from chyves_core.host import Host

# As the property `groups` takes them.
GROUP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
PROPERTY = f"{GUEST_PREFIX}groups"

After = Callable[[Guest], Iterable[str]]


def read_names(words: Iterable[str]) -> tuple[str, ...]:
    """Return the groups that words name, each as :NAME or as a list of those."""
    found: dict[str, None] = {}
    for part in ",".join(words).split(","):
        name = part.removeprefix(":")
        if not GROUP_NAME.fullmatch(name):
            raise UsageError(
                f"{part!r} can't be a group",
                "a colon, then letters, digits, _ . - and a letter or digit first",
            )
        found[name] = None
    return tuple(found)


def add(host: Host, words: str, groups: Sequence[str]) -> list[Guest]:
    """Put the guests that `words` means into groups, and return them."""
    title = f"{words} group add {show(groups)}"
    return change(host, words, title, lambda guest: {*guest.groups, *groups})


def remove(host: Host, words: str, groups: Sequence[str]) -> list[Guest]:
    """Take guests out of groups, and return them; raises NotFound for one with none of them."""

    def check(chosen: Sequence[Guest]) -> None:
        for group in groups:
            if not any(group in guest.groups for guest in chosen):
                raise NotFound(f"{words}: is not in :{group}", "chyves list groups")

    title = f"{words} group remove {show(groups)}"
    return change(host, words, title, lambda guest: {*guest.groups}.difference(groups), check)


def change(
    host: Host,
    words: str,
    title: str,
    after: After,
    check: Callable[[Sequence[Guest]], None] = lambda chosen: None,
) -> list[Guest]:
    """Give each guest the groups that `after` says, all of them or none.

    A guest that has them already is set again: so the same command has the same steps, and ends
    what was interrupted.
    """
    with locks.hold(host, locks.NUMBERING):
        inventory = read_inventory(host)
        chosen = inventory.select(words)
        changes = [plan_change(guest, after) for guest in chosen]
        if not setting.resume(host, title, changes):
            check(chosen)
            pool = inventory.storage.primary.name
            setting.carry_out(host, pool, setting.plan_set(changes), changes, title)
    return chosen


def plan_change(guest: Guest, after: After) -> setting.Change:
    """Return the change that gives a guest its groups, sorted as the property keeps them."""
    wanted = ",".join(sorted(after(guest)))
    return setting.Change(
        guest.dataset, {PROPERTY: wanted}, {PROPERTY: guest.properties.get("groups")}
    )


def show(groups: Iterable[str]) -> str:
    """Return groups as they are typed."""
    return ",".join(f":{name}" for name in groups)
