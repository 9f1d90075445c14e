"""Resize disks: growing is free, shrinking loses what lies behind the new end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chyves_core import zfs
from chyves_core.disks.adding import no_room
from chyves_core.disks.finding import changing, check_stopped, check_writable, find_disk, is_running
from chyves_core.disks.images import FOLDER, find_image
from chyves_core.errors import ChyvesError, Refused, UsageError
from chyves_core.guests import Guest, Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.plan import Size, Step
from chyves_core.sizes import parse_size, show_size

SMALLEST = 1 << 20
SECTOR = 512


@dataclass(frozen=True)
class Resize:
    """One change of a disk's size, in bytes, the size as it was asked for, and the step."""

    disk: str
    asked: str
    old: int
    new: int
    step: Step

    @property
    def shrinks(self) -> bool:
        """Whether something is lost."""
        return self.new < self.old


def resize_disk(
    host: Host,
    guest_name: str,
    word: str,
    size: str,
    *,
    force: bool,
    confirm: Callable[[str], None],
) -> tuple[Resize, bool]:
    """Give a disk a new size and return what was done, and whether the guest runs.

    Shrinking needs `force` and a stopped guest, and `confirm` is asked before.
    """
    guest = read_inventory(host).guest(guest_name)
    seen = plan_resize(host, guest, word, size)
    if seen.shrinks:
        check_shrink(host, guest, seen, force=force)
        confirm(
            f"{guest_name}: {word} shrinks from {exactly(seen.old)} to {exactly(seen.new)}, "
            "what lies behind is lost for good. Shrink it?"
        )
    with changing(host, guest_name) as (inventory, guest):
        now = plan_resize(host, guest, word, size)
        if (now.old, now.new) != (seen.old, seen.new):
            raise ChyvesError(f"{guest.name}: {word} has another size now, nothing was changed")
        if now.shrinks:
            check_stopped(host, guest)
        if now.new != now.old:
            act(host, inventory, guest, now)
        return now, is_running(host, guest)


def plan_resize(host: Host, guest: Guest, word: str, text: str) -> Resize:
    """Return the change that gives a disk the size that a text means; raises where it can't be.

    `+5G` means so much more. A size that the disk can't have is rounded up to whole blocks.
    """
    check_writable(guest)
    if word.startswith(f"{FOLDER}/"):
        image = find_image(host, guest, word)
        new = read_size(text, image.size, SECTOR)
        return Resize(word, text, image.size, new, Size(image.path, new))
    disk = find_disk(guest, word)
    argv = ("zfs", "get", "-Hp", "-o", "value", "volblocksize", disk.dataset)
    new = read_size(text, disk.size, int(host.read(*argv).stdout))
    return Resize(
        word, text, disk.size, new, zfs.set_properties([disk.dataset], {"volsize": str(new)})
    )


def read_size(text: str, old: int, block: int) -> int:
    """Return the bytes that a size, or a `+` and a size, means for a disk; raises UsageError."""
    size = parse_size(text.removeprefix("+"))
    if size is None or (text.startswith("+") and size == 0):
        raise UsageError(f"{text!r} is not a size", "20G makes it that large, +5G so much larger")
    wanted = old + size if text.startswith("+") else size
    if wanted < SMALLEST:
        raise UsageError(f"{text}: a disk has 1M at least")
    return -(-wanted // block) * block


def check_shrink(host: Host, guest: Guest, change: Resize, *, force: bool) -> None:
    """Refuse to shrink without force, and under a guest that runs."""
    check_stopped(host, guest)
    if not force:
        raise Refused(
            f"{guest.name}: {change.disk} has {exactly(change.old)}, "
            f"what lies behind {exactly(change.new)} would be lost",
            f"chyves {guest.name} disk resize {change.disk} {change.asked} force",
        )


def act(host: Host, inventory: Inventory, guest: Guest, change: Resize) -> None:
    """Carry a change out; a full pool is told as such."""
    try:
        host.act(change.step)
    except ChyvesError as error:
        what = f"{change.disk} of {exactly(change.new)}"
        raise no_room(inventory, guest, what, error) from error


def exactly(size: int) -> str:
    """Return a size for people; with its bytes where the short form is not the whole truth."""
    short = show_size(size)
    return short if parse_size(short) == size else f"{short} ({size} bytes)"
