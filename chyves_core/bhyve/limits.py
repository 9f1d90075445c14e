"""What a guest may use of the host: the properties limit_*, as rules of rctl(8) on its bhyve."""

from __future__ import annotations

from chyves_core.bhyve.arguments import Argument
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import Refused
from chyves_core.guests import Guest

RESOURCES = {
    "limit_cpu": "pcpu:deny",
    "limit_read": "readbps:throttle",
    "limit_write": "writebps:throttle",
    "limit_read_iops": "readiops:throttle",
    "limit_write_iops": "writeiops:throttle",
}
"""rctl(8): resource and action of each property; `throttle` is for reading and writing only."""

INPUT_AND_OUTPUT_SINCE = "11.0"
"""r297633, April 2016: readbps, writebps, readiops, writeiops."""


def arguments(guest: Guest) -> tuple[Argument, ...]:
    """Return the guest's rules without their subject, which is the process of its bhyve."""
    found = ((name, rule, guest.properties.get(name, "")) for name, rule in RESOURCES.items())
    return tuple(
        Argument("", f"{rule}={amount}", (name,), "limit of what bhyve's process uses")
        for name, rule, amount in found
        if amount
    )


def rules(guest: Guest) -> tuple[str, ...]:
    """Return the guest's rules as text."""
    return tuple(each.value for each in arguments(guest))


def check(guest: Guest, facts: HostFacts) -> None:
    """Refuse limits that this host's kernel does not keep: nothing would be limited."""
    named = [name for name in RESOURCES if guest.properties.get(name)]
    if not named:
        return
    what = f"{guest.name}: {', '.join(named)}"
    if facts.racct is None:
        raise Refused(
            f"{what}: this host's kernel has no resource limits",
            "options RACCT and options RCTL in the kernel's configuration, rctl(4)",
        )
    if not facts.racct:
        raise Refused(
            f"{what}: this host's kernel does not account for resources",
            "kern.racct.enable=1 in /boot/loader.conf, and a reboot of the host",
        )
    for name in named:
        if name != "limit_cpu" and not facts.is_at_least(INPUT_AND_OUTPUT_SINCE):
            raise Refused(
                f"{guest.name}: {name} needs FreeBSD {INPUT_AND_OUTPUT_SINCE}",
                f"chyves {guest.name} unset {name}",
            )


def limited(argv: tuple[str, ...], rules: tuple[str, ...], script: str) -> tuple[str, ...]:
    """Return a command line that puts the rules on its own process and then becomes `argv`."""
    return ("/bin/sh", script, *rules, "--", *argv) if rules else argv
