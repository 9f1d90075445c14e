"""What guests need of this host and what it does not have: why they would not start."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chyves_core.bhyve import cpu_memory, host_devices
from chyves_core.bhyve.limits import check as check_limits
from chyves_core.bhyve.limits import rules
from chyves_core.cloud.seed import check_installed
from chyves_core.doctor.finding import Finding
from chyves_core.errors import ChyvesError
from chyves_core.guests import Guest
from chyves_core.loaders.profiles import own_files, read_file, shipped_profiles
from chyves_core.loaders.reading import check_custom
from chyves_core.look import Look
from chyves_core.supervise.boot import read_host_devices


def processor(look: Look) -> Iterator[Finding]:
    """Find what the host's processor can't do."""
    facts = look.facts
    if facts.has_second_level_paging is False:
        yield Finding("host", cpu_memory.NO_PAGING, cpu_memory.PROCESSOR_HINT)
        return
    for guest in look.inventory.guests.values():
        yield from refused(guest, lambda each: cpu_memory.check_processor(each, facts))


def limits(look: Look) -> Iterator[Finding]:
    """Find guests with limits that the host's kernel does not keep."""
    facts = look.facts
    for guest in look.inventory.guests.values():
        if rules(guest):
            yield from refused(guest, lambda each: check_limits(each, facts))


def devices(look: Look) -> Iterator[Finding]:
    """Find devices for passthru that are not there, or not bound to ppt(4)."""
    guests = [each for each in look.inventory.guests.values() if host_devices.wanted(each)]
    if guests:
        known = read_host_devices(look.host)
        for guest in guests:
            for problem in host_devices.problems(guest, known):
                yield finding(guest, problem)


def profiles(look: Look) -> Iterator[Finding]:
    """Find files with profiles that can't be used, and guests whose profile is not there."""
    known = shipped_profiles()
    for file in own_files(look.host):
        try:
            known |= read_file(look.host, file)
        except ChyvesError as error:
            yield Finding("host", error.message, error.hint or f"edit {file}")
    for guest in look.inventory.guests.values():
        if guest.value("loader") != "grub-bhyve":
            continue
        name = guest.value("os")
        if name not in known:
            problem = f"os={name}: there is no such grub profile"
            yield Finding(guest.name, problem, "chyves list profiles")
        elif name == "custom":
            yield from refused(guest, lambda each: check_custom(look.host, each))


def seeds(look: Look) -> Iterator[Finding]:
    """Find guests that get a CD for cloud-init, where none can be made."""
    for guest in look.inventory.guests.values():
        if guest.value("cloud_seed") == "yes":
            yield from refused(guest, lambda _: check_installed())


def finding(guest: Guest, refusal: ChyvesError) -> Finding:
    """Return a refusal as what the doctor finds."""
    problem = refusal.message.removeprefix(f"{guest.name}: ")
    return Finding(guest.name, problem, refusal.hint or "")


def refused(guest: Guest, check: Callable[[Guest], object]) -> Iterator[Finding]:
    """Yield what a check has against a guest."""
    try:
        check(guest)
    except ChyvesError as error:
        yield finding(guest, error)
