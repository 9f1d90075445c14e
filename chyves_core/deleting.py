"""Delete guests: look, show, ask, and only then destroy."""

from __future__ import annotations

from chyves_core import locks
from chyves_core.cli import Changing, for_each
from chyves_core.delete import Doomed, check_stopped, find_doomed, plan_delete, plan_undo
from chyves_core.errors import ChyvesError
from chyves_core.guests import read_inventory
from chyves_core.host import Host
from chyves_core.runtime import read_runtime
from chyves_core.supervise.boot_step import take_down


def delete_guests(command: Changing, words: str, *, force: bool, keepnet: bool) -> int:
    """Delete the guests that `words` mean after a preview and a question; return the status."""
    host = command.host
    doomed = find_doomed(host, read_inventory(host), words, force=force)
    check_stopped(doomed, read_runtime(host))
    for each in doomed:
        command.say(each.preview)
    if not doomed:
        return 0
    command.confirm("Destroy this for good?")

    def delete_one(each: Doomed) -> None:
        delete(host, each, force=force, keepnet=keepnet)
        if not host.dry_run:
            command.say(f"{each.name}: deleted")

    return for_each(doomed, lambda each: each.name, delete_one)


def delete(host: Host, seen: Doomed, *, force: bool, keepnet: bool) -> None:
    """Delete one guest, if it is still what the user was shown."""
    with locks.hold(host, locks.guest_lock(seen.name)):
        (now,) = find_doomed(host, read_inventory(host), seen.name, force=force)
        if set(now.names) - set(seen.names):
            raise ChyvesError(f"{seen.name}: has changed in the meantime, nothing was deleted")
        check_stopped([now], read_runtime(host))
        if not keepnet:
            take_down(host, seen.name)
        try:
            host.act(*plan_delete(now))
        except ChyvesError:
            host.try_to(*plan_undo(now))
            raise
