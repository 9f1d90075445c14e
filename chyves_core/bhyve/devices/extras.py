"""The devices and settings that a guest has only when a property asks for them.

Each is in a file of its own; this names them in the order in which they get their places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chyves_core.bhyve.arguments import Argument
from chyves_core.bhyve.devices import (
    debugger,
    fwcfg,
    keyboard,
    numa,
    random,
    shares,
    sound,
    tpm,
    virtio_console,
    virtio_input,
)
from chyves_core.bhyve.slots import Place
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import Refused
from chyves_core.guests import Guest

WITH_PLACE = (random, shares, virtio_console, virtio_input, sound)
WITHOUT_PLACE = (numa, keyboard, debugger, fwcfg, tpm)


def names(guest: Guest) -> list[str]:
    """Return the names under which the guest's extra devices keep their places."""
    return [name for kind in WITH_PLACE for name in kind.names(guest)]


def devices(
    guest: Guest, places: Mapping[str, Place], facts: HostFacts, run_folder: str
) -> Iterator[Argument]:
    """Yield the extra devices; raises Refused for one that this host's bhyve does not have."""
    for kind in WITH_PLACE:
        for name in kind.names(guest):
            argument = kind.argument(guest, name, places[name], run_folder)
            check_release(guest, argument.sources[0], kind.SINCE, facts)
            yield argument


def settings(guest: Guest, facts: HostFacts, run_folder: str) -> Iterator[Argument]:
    """Yield the extra settings; raises Refused for one that this host's bhyve does not have."""
    for kind in WITHOUT_PLACE:
        for name in kind.names(guest):
            check_release(guest, name, kind.since(guest), facts)
            if kind.AMD64_ONLY and facts.is_arm64:
                raise Refused(f"{guest.name}: {name} needs amd64", unset(guest, name))
            yield kind.argument(guest, name, run_folder)


def check_release(guest: Guest, name: str, since: str, facts: HostFacts) -> None:
    """Refuse what came with a later release than this host's."""
    if not facts.is_at_least(since):
        raise Refused(f"{guest.name}: {name} needs FreeBSD {since}", unset(guest, name))


def unset(guest: Guest, name: str) -> str:
    """Return the command that does without a property."""
    return f"chyves {guest.name} unset {name}"
