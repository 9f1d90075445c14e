"""Image files: what lies in a guest's folder img is attached at every start, as `img/NAME`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chyves_core.errors import NotFound, Refused, UsageError, did_you_mean
from chyves_core.guests import Guest
from chyves_core.host import Host

FOLDER = "img"
# A comma would end bhyve's option, a comma or = the device's entry in pci_slots.
UNFIT = re.compile("[,=\x00-\x1f\x7f]")
NEW_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
LONGEST_NAME = 100


@dataclass(frozen=True)
class ImageFile:
    """One image file; `size` and `used` on the pool in bytes."""

    name: str
    path: str
    size: int
    used: int


def folder_of(guest: Guest) -> str:
    """Return the folder of a guest's image files; it need not be there."""
    return f"{guest.folder}/{FOLDER}"


def image_paths(host: Host, guest: Guest) -> tuple[str, ...]:
    """Return the image files that a guest is started with, in the order of their names.

    Files whose name begins with a dot are none. Raises Refused for a name that bhyve would take
    for options.
    """
    folder = folder_of(guest)
    names = [name for name in host.list_folder(folder) if not name.startswith(".")]
    for name in names:
        if UNFIT.search(name):
            raise Refused(
                f"{guest.name}: {folder}/{name} has a comma, = or control character in its name",
                "give the file another name",
            )
    return tuple(f"{folder}/{name}" for name in names)


def read_images(host: Host, guest: Guest) -> list[ImageFile]:
    """Return all image files of a guest with their sizes."""
    folder = folder_of(guest)
    found = []
    for name in host.list_folder(folder):
        size, used = host.file_size(f"{folder}/{name}")
        if not name.startswith("."):
            found.append(ImageFile(f"{FOLDER}/{name}", f"{folder}/{name}", size, used))
    return found


def find_image(host: Host, guest: Guest, word: str) -> ImageFile:
    """Return the image file that `img/NAME` means; raises NotFound."""
    images = read_images(host, guest)
    for image in images:
        if image.name == word:
            return image
    raise not_there(guest, word, [image.name for image in images])


def not_there(guest: Guest, word: str, names: Sequence[str]) -> NotFound:
    """Return the error for a disk that a guest does not have."""
    hint = did_you_mean(word, names, f"chyves {guest.name} disk list")
    return NotFound(f"{guest.name}: there is no disk {word}", hint)


def check_new_image(name: str) -> None:
    """Refuse a name that no new image file can have."""
    if not NEW_NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise UsageError(
            f"{name!r} can't be the name of an image file",
            f"letters, digits, _ . + - and a letter or digit first, at most {LONGEST_NAME}",
        )
