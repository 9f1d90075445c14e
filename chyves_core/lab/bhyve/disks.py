"""Opening the backing files of disks, as bhyve's block_if.c does."""

from __future__ import annotations

import re

from chyves_core.lab.bhyve.failures import DeviceFailed
from chyves_core.lab.home import Lab

MISSING = 'Missing "path" for block device.'


def open_disk(settings: dict[str, str], lab: Lab) -> None:
    """Check that the disk of these settings can be opened; raises DeviceFailed.

    Directories, empty files and unknown options pass unnoticed (captures bhyve w-vblk-*).
    """
    path = settings.get("path")
    if path is None:
        raise DeviceFailed([MISSING])
    sizes = _sector_sizes(settings.get("sectorsize"))
    if not path or not lab.path_or_own(path).exists():
        reason = "No such file or directory"
        raise DeviceFailed([f"bhyve: Could not open backing file: {path}: {reason}"], reason)
    if sizes is not None:
        logical, physical = sizes
        if logical < 512 or logical & (logical - 1) or logical > physical:
            raise DeviceFailed([f"Invalid sector size {logical}/{physical}"])


def _sector_sizes(text: str | None) -> tuple[int, int] | None:
    """Return (logical, physical) bytes of `sectorsize=512/4096`."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)(?:/(\d+))?", text)
    if not found:
        raise DeviceFailed([f'Invalid sector size "{text}"'], "Invalid argument")
    return int(found[1]), int(found[2] or found[1])


def open_virtio_blk(settings: dict[str, str], lab: Lab) -> None:
    """Open the disk of a virtio-blk device."""
    try:
        open_disk(settings, lab)
    except DeviceFailed as failed:
        failed.lines.append(f"Could not open backing file: {failed.reason}")
        raise


def open_nvme(settings: dict[str, str], lab: Lab) -> None:
    """Open the disk of an nvme device, which may also be a piece of memory (`ram=`)."""
    if settings.get("qsz") == "0":
        raise DeviceFailed(["nvme: Invalid qsz option 0"])
    if "ram" in settings:
        return
    try:
        open_disk(settings, lab)
    except DeviceFailed as failed:
        failed.lines.append(f"nvme: Could not open backing file: {failed.reason}")
        raise


def open_ahci(settings: dict[str, str], lab: Lab) -> None:
    """Open every port of an ahci controller."""
    numbers = {key.split(".")[1] for key in settings if key.startswith("port.")}
    for number in sorted(numbers, key=lambda text: (len(text), text)):
        prefix = f"port.{number}."
        port = {key[len(prefix) :]: settings[key] for key in settings if key.startswith(prefix)}
        open_disk(port, lab)
