"""Export guests: write them down as definitions."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from chyves_core.definitions import DISK_KEYS, Definition, show
from chyves_core.errors import HostError, Refused
from chyves_core.guests import Disk, Guest
from chyves_core.sizes import exact_size

# Kept by chyves for itself; it says how a guest is stored, not what it is.
LEFT_OUT = ("chyves_guest_version",)
HEADING = (
    "Guests of chyves, for `chyves diff` and `chyves apply`; chyves(8) says more.",
    "What is on the disks is not in here.",
)
NO_SECRETS = "Passwords are left out; apply leaves those that there are."
SECRETS = "This file has passwords in it."
SECRET_MODE = 0o600


def text_of(guests: Sequence[Guest], *, secrets: bool) -> str:
    """Return the text of a file that defines the guests as they are."""
    heading = (*HEADING, SECRETS if secrets else NO_SECRETS)
    return show([definition_of(guest, secrets=secrets) for guest in guests], heading)


def definition_of(guest: Guest, *, secrets: bool) -> Definition:
    """Return what a guest is: all properties that were set on it, and its disks."""
    properties = {
        name: value
        for name, value in guest.properties.items()
        if name not in LEFT_OUT and (secrets or not guest.schema.is_secret(name))
    }
    disks = {disk.name: disk_values(disk) for disk in guest.disks}
    return Definition(guest.name, "", guest.pool, properties, disks, diskless=not disks)


def disk_values(disk: Disk) -> dict[str, str]:
    """Return the size of a disk and the properties that were set on it."""
    own = {name: disk.properties[name] for name in DISK_KEYS.values() if name in disk.properties}
    return {"size": exact_size(disk.size), **own}


def write_file(file: str, text: str, *, mode: int, replace: bool) -> bool:
    """Write a file of the user whole or not at all, and return whether it had to be.

    Raises Refused where another one is there that is not to be replaced.
    """
    # A symbolic link stays one.
    target = Path(os.path.realpath(file))
    present = read_present(target, file)
    if present == text.encode():
        if mode == SECRET_MODE:
            target.chmod(mode)
        return False
    if present is not None and not replace:
        raise Refused(f"{file}: is there already, and differs", "the same with --yes replaces it")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        write_draft(draft, text, mode)
        if replace:
            os.replace(draft, target)
        else:
            os.link(draft, target)
    except FileExistsError as error:
        raise Refused(f"{file}: is there already", "the same with --yes replaces it") from error
    except OSError as error:
        raise HostError(f"{file}: cannot be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return True


def read_present(target: Path, file: str) -> bytes | None:
    """Return what a file has in it now, None where there is none."""
    if target.exists() and not target.is_file():
        raise Refused(f"{file}: is not a regular file", "- stands for standard output")
    try:
        return target.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HostError(f"{file}: cannot be read: {error.strerror}") from error


def write_draft(draft: Path, text: str, mode: int) -> None:
    """Write the draft of a file to the disk, with its mode from the beginning."""
    opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(opened, "wb") as out:
        out.write(text.encode())
        out.flush()
        os.fsync(out.fileno())
