"""What guests need of this host and what it does not have: why they would not start."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chyves_core.bhyve import cpu_memory, host_devices
from chyves_core.bhyve.limits import check as check_limits
from chyves_core.bhyve.limits import rules
from chyves_core.bhyve.version import HostFacts
from chyves_core.doctor.finding import Finding
from chyves_core.errors import Refused
from chyves_core.guests import Guest
from chyves_core.look import Look
from chyves_core.supervise.boot import read_host_devices


def processor(look: Look) -> Iterator[Finding]:
    """Find what the host's processor can't do."""
    facts = look.facts
    if facts.has_second_level_paging is False:
        yield Finding("host", cpu_memory.NO_PAGING, cpu_memory.PROCESSOR_HINT)
        return
    for guest in look.inventory.guests.values():
        yield from refused(guest, facts, cpu_memory.check_processor)


def limits(look: Look) -> Iterator[Finding]:
    """Find guests with limits that the host's kernel does not keep."""
    for guest in look.inventory.guests.values():
        if rules(guest):
            yield from refused(guest, look.facts, check_limits)


def devices(look: Look) -> Iterator[Finding]:
    """Find devices for passthru that are not there, or not bound to ppt(4)."""
    guests = [each for each in look.inventory.guests.values() if host_devices.wanted(each)]
    if guests:
        known = read_host_devices(look.host)
        for guest in guests:
            for problem in host_devices.problems(guest, known):
                yield finding(guest, problem)


def finding(guest: Guest, refusal: Refused) -> Finding:
    """Return a refusal as what the doctor finds."""
    problem = refusal.message.removeprefix(f"{guest.name}: ")
    return Finding(guest.name, problem, refusal.hint or "")


def refused(
    guest: Guest, facts: HostFacts, check: Callable[[Guest, HostFacts], None]
) -> Iterator[Finding]:
    """Yield what a check has against a guest."""
    try:
        check(guest, facts)
    except Refused as error:
        yield finding(guest, error)
