"""What guests need of this host and what it does not have: why they would not start."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chyves_core.bhyve import cpu_memory
from chyves_core.doctor.finding import Finding
from chyves_core.errors import Refused
from chyves_core.guests import Guest
from chyves_core.look import Look


def processor(look: Look) -> Iterator[Finding]:
    """Find what the host's processor can't do."""
    facts = look.surroundings.facts
    if facts.has_second_level_paging is False:
        yield Finding("host", cpu_memory.NO_PAGING, cpu_memory.PROCESSOR_HINT)
        return
    for guest in look.inventory.guests.values():
        yield from refused(guest, lambda guest: cpu_memory.check_processor(guest, facts))


def refused(guest: Guest, check: Callable[[Guest], None]) -> Iterator[Finding]:
    """Yield what a check has against a guest."""
    try:
        check(guest)
    except Refused as error:
        problem = error.message.removeprefix(f"{guest.name}: ")
        yield Finding(guest.name, problem, error.hint or "")
