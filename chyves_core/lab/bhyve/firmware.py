"""What the stand-in takes for the guest's firmware: UEFI, or one of a few tiny boot ROMs."""

from __future__ import annotations

from chyves_core.lab.home import Lab

RESET_VECTOR = 16
TINY_ROMS: tuple[tuple[bytes, str], ...] = (
    (bytes.fromhex("baf90cb006ee"), "reset"),
    (bytes.fromhex("ba0404b80034ef"), "poweroff"),
    (bytes.fromhex("ba3412ecfaf4"), "unhandled port"),
    (bytes.fromhex("fa2e660f011e"), "triple fault"),
    (bytes.fromhex("faf4"), "halt"),
    (bytes.fromhex("ebfe"), "spin"),
    (bytes.fromhex("e90df0"), "talk"),
)
"""Code at the reset vector and what it does (captures bhyve_run roms).

The last one is the jump to the start of the ROM of tests/endtoend/roms.py: it prints its greeting
on com1, and again at each key but those of TALK_KEYS.
"""
TALK_KEYS = {"q": 1, "r": 0, "h": 2}
"""Keys that end that guest, and bhyve's status then."""

GREETING_PLACE = 0x800

SHELL_GREETING = """\
UEFI Interactive Shell v2.2
EDK II
UEFI v2.70 (BHYVE, 0x00010000)
"""


def rom_action(rom: str, lab: Lab) -> str:
    """Return what a boot ROM does: one of the actions of TINY_ROMS, or "uefi"."""
    with open(lab.path_or_own(rom), "rb") as firmware:
        firmware.seek(-RESET_VECTOR, 2)
        code = firmware.read()
    for start, action in TINY_ROMS:
        if code.startswith(start):
            return action
    return "uefi"


def rom_greeting(rom: str, lab: Lab) -> str:
    """Return what the ROM that talks has to say."""
    with open(lab.path_or_own(rom), "rb") as firmware:
        return firmware.read()[GREETING_PLACE:].partition(b"\0")[0].decode().replace("\r", "")


def run_uefi_command(line: str) -> tuple[str, int | None]:
    """Run a command of the UEFI shell; return its output, and bhyve's status where it ends."""
    words = line.split()
    if not words:
        return "", None
    if words[0] == "reset":
        return "", 1 if words[1:] == ["-s"] else 0
    if words[0] == "ver":
        return SHELL_GREETING, None
    if words[0] == "help":
        return "help   reset [-s]   ver\n", None
    text = f"'{words[0]}' is not recognized as an internal or external command, operable program,"
    return f"{text}\nor script file.\n", None
