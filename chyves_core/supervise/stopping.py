"""Stop several guests at once: all are asked, then all are waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from chyves_core.cli import for_each, report
from chyves_core.errors import FAILED, OK, ChyvesError
from chyves_core.guests import Guest, Inventory
from chyves_core.host import SAYS_PROGRESS, Host
from chyves_core.runtime import read_runtime
from chyves_core.supervise import hooks
from chyves_core.supervise.folder import running_guest
from chyves_core.supervise.running_hook import PRESTART, find_running
from chyves_core.supervise.stop import STOP_SECONDS, ask_to_stop, kill, wait_for_end

__all__ = ["STOP_SECONDS", "choose", "kill_all", "stop_all", "stopped"]

Say = Callable[[str], None]


def choose(host: Host, inventory: Inventory, words: str) -> tuple[list[Guest], int]:
    """Return the guests to stop, with `all` only those that run or start, and the status so far.

    A guest whose copy stands on another pool is stopped as well, the one that was started. Where
    that is not known it is reported, and keeps none of the others from being shut down.
    """
    chosen = inventory.names(words)
    if words == "all":
        runtime = read_runtime(host)
        chosen = [name for name in chosen if runtime.is_running(name) or is_starting(host, name)]
    guests: list[Guest] = []

    def add(name: str) -> None:
        guests.append(running_guest(host, inventory, name))

    return guests, for_each(chosen, str, add)


def is_starting(host: Host, name: str) -> bool:
    """Return whether a guest is held up by its prestart hook."""
    found = find_running(host, name)
    return found is not None and found.when == PRESTART


def stopped(host: Host, guests: Sequence[Guest]) -> list[Guest]:
    """Return the guests that do not run."""
    runtime = read_runtime(host)
    return [guest for guest in guests if not runtime.is_running(guest.name)]


def stop_all(host: Host, guests: Sequence[Guest], seconds: float, say: Say) -> int:
    """Shut all the guests down and say how each ended; return the worst status."""
    asked: list[Guest] = []
    begun = time.monotonic()
    has_hooks = bool(hooks.find(host, hooks.PRESTOP))

    def left() -> float:
        """Return the seconds that are left of those that were given; hooks use them up."""
        return max(1.0, begun + seconds - time.monotonic()) if has_hooks else seconds

    def ask(guest: Guest) -> None:
        if has_hooks and read_runtime(host).is_running(guest.name):
            # The guest itself needs time to shut down, too.
            hooks.run(host, guest, hooks.PRESTOP, seconds=left() / 2)
        ask_to_stop(host, guest, force=False)
        asked.append(guest)

    worst = for_each(guests, lambda guest: guest.name, ask)
    if host.dry_run:
        return worst
    shown = say if host.level >= SAYS_PROGRESS else lambda text: None
    ended = wait_for_end(host, asked, left(), shown)
    for guest in asked:
        if guest.name in ended:
            say(f"{guest.name}: {ended[guest.name]}")
        else:
            text = f"{guest.name}: did not shut down in {seconds:.0f} s"
            report(ChyvesError(text, f"chyves {guest.name} stop force"))
    return max(worst, OK if len(ended) == len(asked) else FAILED)


def kill_all(host: Host, guests: Sequence[Guest], say: Say) -> int:
    """Kill all the guests; return the worst status."""

    def kill_one(guest: Guest) -> None:
        kill(host, guest)
        if not host.dry_run:
            say(f"{guest.name}: killed")

    return for_each(guests, lambda guest: guest.name, kill_one)
