"""A trusted platform module: the host's own, or one that swtpm(8) plays: the property tpm."""

from __future__ import annotations

from chyves_core.bhyve.arguments import Argument
from chyves_core.bhyve.devices import sockets
from chyves_core.guests import Guest
from chyves_core.runtime import SWTPM, SWTPM_SOCKET

AMD64_ONLY = True
NAME = "tpm"


def names(guest: Guest) -> list[str]:
    """Return the setting's name, where the guest has it."""
    return [NAME] if guest.properties.get(NAME) else []


def has_swtpm(guest: Guest) -> bool:
    """Return whether swtpm(8) has to run beside the guest."""
    return guest.properties.get(NAME) == SWTPM


def since(guest: Guest) -> str:
    """Return the release that brought it.

    passthru: 14.0 (ports 37e614b16cd6; captures bhyve w-l-tpm: 13.2 has none). swtpm: D46373, in
    January 2025 only in what became 15.0 (bhyvemgr, issue 7); a later 14 is not known exactly.
    """
    return "15.0" if has_swtpm(guest) else "14.0"


def argument(guest: Guest, name: str, run_folder: str) -> Argument:
    """Return the argument."""
    if has_swtpm(guest):
        # tpm_emul_swtpm.c copies one byte less than there is room for.
        path = socket_path(run_folder)
        sockets.check_length(guest, NAME, path, longest=sockets.LONGEST - 1)
        says = "TPM 2.0 that swtpm plays"
        return Argument("-l", f"tpm,swtpm,{path}", (NAME,), says)
    return Argument("-l", f"tpm,{guest.properties[NAME]}", (NAME,), "the host's TPM")


def socket_path(run_folder: str) -> str:
    """Return the socket on which swtpm and bhyve meet."""
    return f"{run_folder}/{SWTPM_SOCKET}"
