"""The property bargs: flags for bhyve that the user chose, beside those of chyves."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from chyves_core.bhyve import slots
from chyves_core.bhyve.arguments import Argument
from chyves_core.bhyve.config_file import settings_of
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import Refused
from chyves_core.guests import Guest

LETTERS = {
    "A": "ACPI tables",
    "a": "local APIC in xAPIC mode",
    "C": "guest memory in core files",
    "D": "destroy the VM at power-off",
    "e": "exit on unhandled I/O",
    "H": "yield the host's CPU at HLT",
    "P": "yield the host's CPU at PAUSE",
    "S": "memory stays in place",
    "u": "clock in UTC",
    "W": "virtio without MSI-X",
    "w": "ignore unknown MSRs",
    "x": "local APIC in x2APIC mode",
    "Y": "no MP table",
}
WITH_VALUE = frozenset("GKclmpsoUkfrn")
"""bhyve's flags that take a value, of all releases."""

ARM64_FLAGS = ("-C", "-D", "-S", "-W")
"""bhyve(8) of arm64: optstring hCDMSWk:f:o:p:G:c:s:m:U:"""

MADE_FROM = {
    "-c": "cpu",
    "-m": "ram",
    "-U": "uuid",
    "-k": "the guest's other properties",
    "-f": "fwcfg_{n}",
    "-r": "nothing: guests are not resumed",
}


def parse(text: str) -> list[tuple[str, str]]:
    """Return the flags with their values as getopt(3) reads them.

    Raises ValueError, in words for the user, for what is no flag of bhyve or what chyves makes
    itself.
    """
    words = shlex.split(text)
    found: list[tuple[str, str]] = []
    while words:
        word = words.pop(0)
        if len(word) < 2 or word[0] != "-" or word == "--":
            raise ValueError(f"{word} is not a flag of bhyve(8)")
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            flag = f"-{letter}"
            if letter in WITH_VALUE:
                if not letters and not words:
                    raise ValueError(f"{flag} needs a value")
                value, letters = letters or words.pop(0), ""
                check_flag(flag, value)
                found.append((flag, value))
            elif letter in LETTERS:
                found.append((flag, ""))
            else:
                raise ValueError(f"{flag} is not a flag that can be passed to bhyve(8)")
    return found


def check_flag(flag: str, value: str) -> None:
    """Refuse a flag that chyves makes from another property; raises ValueError."""
    name = value.partition(",")[0]
    if flag in MADE_FROM:
        raise ValueError(f"{flag} is made from {MADE_FROM[flag]}; set that")
    if flag == "-l" and name == "com1":
        raise ValueError("-l com1 is made from serial; set that")
    if flag == "-l" and name == "bootrom":
        raise ValueError("-l bootrom is made from uefi_firmware; set that")
    if flag == "-o" and "password" in value.partition("=")[0]:
        raise ValueError("-o with a password can be read by every user; set uefi_vnc_password")
    if flag == "-s":
        place = slots.parse_place(name)
        if place is None:
            raise ValueError(f"-s {value}: goes SLOT,DEVICE or SLOT:FUNCTION,DEVICE")
        if place.slot not in slots.SHARED or place.slot == slots.CD:
            raise ValueError(f"-s {value}: slot {place.slot} is one that chyves fills itself")
    if flag == "-s" and "password=" in value:
        raise ValueError("-s with a password can be read by every user; set uefi_vnc_password")


def arguments(guest: Guest, facts: HostFacts) -> Iterator[Argument]:
    """Yield the user's flags; raises Refused for those that this host's bhyve does not know."""
    flags = parse(guest.value("bargs"))
    if facts.is_arm64:
        if guest.value("bargs") != guest.schema.default("bargs"):
            check_arm64(guest.name, flags)
        flags = [(flag, value) for flag, value in flags if value or flag in ARM64_FLAGS]
    check_known(guest.name, flags, facts)
    for flag, value in flags:
        says = LETTERS.get(flag[1:], "chosen by the user")
        yield Argument(flag, value, ("bargs",), says)


def check_known(owner: str, flags: Iterable[tuple[str, str]], facts: HostFacts) -> None:
    """Refuse flags that came with a later release than this host has."""
    for flag, _ in flags:
        since = facts.missing_flag(flag)
        if since:
            raise Refused(
                f"{owner}: bargs: {flag} needs FreeBSD {since}", f"chyves {owner} set bargs="
            )


def check_arm64(owner: str, flags: Iterable[tuple[str, str]]) -> None:
    """Refuse flags that bhyve of arm64 takes for wrong usage; of the default ones, it is silent."""
    wrong = [flag for flag, value in flags if not value and flag not in ARM64_FLAGS]
    if wrong:
        raise Refused(f"{owner}: bargs: {wrong[0]} needs amd64", f"chyves {owner} set bargs=")


def check_conflicts(guest: Guest, planned: Iterable[Argument]) -> None:
    """Refuse flags of the user that say again, or otherwise, what chyves plans itself."""
    theirs = [each for each in planned if "bargs" in each.sources]
    ours = {
        name: each
        for each in planned
        if "bargs" not in each.sources
        for name, _ in (*settings_of(each), *each.secrets)
    }
    for each in theirs:
        if each.flag == "-S":
            continue
        for name, _ in settings_of(each):
            clash = ours.get(name)
            if clash:
                raise Refused(
                    f"{guest.name}: bargs: {each.flag} {each.value} is in the way of "
                    f"{clash.flag} {clash.value}, from {', '.join(clash.sources)}",
                    f"chyves {guest.name} get bargs",
                )
