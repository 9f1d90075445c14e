"""Images, keys and seeds for the tests of `create --image`."""

from __future__ import annotations

import base64
import io
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pycdlib import PyCdlib

if TYPE_CHECKING:
    from tests.conftest import LabHost

MIB = 1 << 20
# The lab's stand-in guest boots from what begins so.
CONTENT = b"#chyves-guest\n" + os.urandom(MIB) + bytes(2 * MIB) + b"the end"
BLOB = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(range(32))).decode()
KEY = f"ssh-ed25519 {BLOB} me@laptop"
HASH = "$6$salt$abcdefghijklmnop"
FIRMWARE = "usr/local/share/uefi-firmware/BHYVE_UEFI.fd"


def image(folder: Path, name: str = "cloud.raw", content: bytes = CONTENT) -> str:
    """Write an image file."""
    (folder / name).write_bytes(content)
    return str(folder / name)


def key_file(folder: Path, text: str = KEY) -> str:
    """Write a file with a public key."""
    (folder / "id.pub").write_text(f"{text}\n")
    return str(folder / "id.pub")


def add_firmware(lab: LabHost) -> None:
    """Give the host a firmware, so that guests with loader=uefi can be planned."""
    file = lab.root / FIRMWARE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(4096))


def disk(lab: LabHost, guest: str = "web1", pool: str = "zroot") -> bytes:
    """Return all that is on the first disk of a guest."""
    return (lab.root / f"dev/zvol/{pool}/chyves/guests/{guest}/disk0").read_bytes()


def holds(lab: LabHost, guest: str, size: int, content: bytes = CONTENT) -> bool:
    """Return whether a guest's disk has that size, and holds an image and zeros behind it."""
    found = disk(lab, guest)
    return len(found) == size and found == content.ljust(size, b"\0")


def cloud_folder(lab: LabHost, guest: str = "web1") -> Path:
    """Return the folder of what a guest is told."""
    return lab.root / f"chyves/zroot/guests/{guest}/cloud"


def told(lab: LabHost, guest: str = "web1") -> str:
    """Return what `start -n` says about the seed."""
    lines = lab.output(guest, "start", "-n").splitlines()
    (begin,) = [at for at, line in enumerate(lines) if re.match("# write .*/seed.iso ", line)]
    rest = lines[begin + 1 :]
    ends = [at for at, line in enumerate(rest) if not line.startswith("#   ")]
    return "".join(f"{line[4:]}\n" for line in rest[: ends[0] if ends else None])


def seed(lab: LabHost, guest: str = "web1") -> dict[str, bytes]:
    """Return the files on the CD of a guest that runs."""
    disc = PyCdlib()
    disc.open(str(lab.root / f"var/run/chyves/guests/{guest}/seed.iso"))
    found = {}
    for child in disc.list_children(rr_path="/"):
        if child.is_file():
            data = io.BytesIO()
            name = child.rock_ridge.name().decode()
            disc.get_file_from_iso_fp(data, rr_path=f"/{name}")
            found[name] = data.getvalue()
    disc.close()
    return found
