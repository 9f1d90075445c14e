"""Delete guests: look, show, ask, and only then destroy."""

from __future__ import annotations

from chyves_core.cli import Changing, for_each
from chyves_core import journal, locks
from chyves_core.delete import (
    check_not_held,
    check_stopped,
    find_targets,
    look,
    plan_delete,
    plan_giving_back,
    plan_undo,
    read_left,
)
from chyves_core.doomed import Doomed, How, within
from chyves_core.errors import OK, ChyvesError, NotFound
from chyves_core.guests import read_inventory
from chyves_core.host import Host
from chyves_core.names import split_list
from chyves_core.runtime import read_runtime
from chyves_core.supervise.boot_step import take_down


def delete_guests(command: Changing, words: str, how: How) -> int:
    """Delete the guests that `words` mean after a preview and a question; return the status.

    Those that stay, because they run or were cloned, are told of, and the others go.
    """
    host = command.host
    if how.promote:
        words = end_interrupted(command, words)
        if not words:
            return OK
    inventory, runtime = read_inventory(host), read_runtime(host)
    targets = find_targets(inventory, words)
    doomed: list[Doomed] = []

    def look_at(name: str) -> None:
        seen = look(host, inventory, targets, name, how)
        check_stopped(seen, runtime)
        check_not_held(host, seen)
        doomed.append(seen)

    worst = for_each(targets, str, look_at)
    # A clone of a clone counts among the clones of both, so those without any go first.
    doomed.sort(key=lambda each: len(each.earlier))
    for each in doomed:
        for line in each.preview.split("\n"):
            command.say(f"# {line}" if host.dry_run else line)
    if not doomed:
        return worst
    command.confirm("Destroy this for good?")

    def delete_one(each: Doomed) -> None:
        delete(host, each, how)
        if not host.dry_run:
            command.say(f"{each.name}: deleted")

    return max(worst, for_each(doomed, lambda each: each.name, delete_one))


def title_of(name: str) -> str:
    """Return the title of the journal's entry for deleting a guest and promoting its clones."""
    return f"{name} delete promote"


def end_interrupted(command: Changing, words: str) -> str:
    """End the deletions of these guests that were interrupted, and return the other words."""
    pending = {entry.title: entry for entry in journal.pending(command.host).values()}
    left = []
    for name in split_list(words):
        entry = pending.get(title_of(name))
        if entry is None:
            left.append(name)
            continue
        with locks.hold_for_change(command.host, entry.title, *entry.locks):
            command.say(f"{name}: deleted")
    return ",".join(left)


def delete(host: Host, seen: Doomed, how: How) -> None:
    """Delete one guest, if it is still what the user was shown."""
    names = dict.fromkeys((seen.name, *(guest.name for guest in seen.dependants)))
    heirs = dict.fromkeys(owner for owner in seen.owners.values() if owner)
    wanted = tuple(locks.guest_lock(name) for name in names | heirs)
    with locks.hold(host, *wanted):
        now = seen if host.dry_run else look_again(host, seen, how)
        for name in names:
            take_down(host, name, keep_taps=how.keepnet)
        if now.promotions:
            undo = plan_giving_back(now)
            entry = journal.Entry(title_of(now.name), wanted, plan_delete(now), undo)
            journal.carry_out(host, now.dataset.partition("/")[0], entry)
            return
        try:
            host.act(*plan_delete(now))
        except (ChyvesError, KeyboardInterrupt) as error:
            give_back(host, now, error)
            raise


def look_again(host: Host, seen: Doomed, how: How) -> Doomed:
    """Return what a locked guest's deletion destroys; raises where that is more than was shown."""
    inventory = read_inventory(host)
    targets = find_targets(inventory, seen.name)
    if targets.get(seen.name) != seen.dataset:
        raise NotFound(f"{seen.name}: is not where it was, nothing was deleted")
    now = look(host, inventory, targets, seen.name, how)
    if set(now.names) - set(seen.names) or now.promotions != seen.promotions:
        raise ChyvesError(f"{seen.name}: has changed in the meantime, nothing was deleted")
    check_stopped(now, read_runtime(host))
    check_not_held(host, now)
    return now


def give_back(host: Host, doomed: Doomed, error: BaseException) -> None:
    """Make a guest again of what could not be destroyed, or say that only a part is left."""
    left = read_left(host, doomed)
    errors = host.try_to(*plan_undo(doomed, left))
    gone = [name for name in doomed.names if within(name, doomed.dataset) and name not in left]
    if not gone and (not errors or all_are_there(host, doomed)):
        return
    reason = str(error) or "interrupted"
    part = f"{len(gone)} of its datasets and snapshots are gone" if gone else "it is half gone"
    raise ChyvesError(f"{reason}; {part}", f"chyves {doomed.name} delete") from error


def all_are_there(host: Host, doomed: Doomed) -> bool:
    """Return whether all that were to go are guests still, as on a pool that is read-only."""
    guests = read_inventory(host).guests
    return all(guest.name in guests for guest in doomed.guests)
