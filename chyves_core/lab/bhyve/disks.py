"""The backing files of disks, as bhyve's block_if.c takes them."""

from __future__ import annotations

import re

from chyves_core.lab.bhyve.failures import STALE, DeviceFailed
from chyves_core.lab.bhyve.releases import has_config_tree
from chyves_core.lab.home import Lab

MODELS = ("virtio-blk", "nvme", "ahci", "ahci-hd", "ahci-cd")
MISSING = 'Missing "path" for block device.'

Settings = dict[str, str]


def check_disks(model: str, settings: Settings) -> None:
    """Check the settings of a disk controller of 13.1 and after; raises DeviceFailed.

    Directories, empty files and unknown options pass unnoticed (captures bhyve w-vblk-*).
    """
    if model == "nvme" and settings.get("qsz") == "0":
        raise DeviceFailed(["nvme: Invalid qsz option 0"])
    for disk in _disks_of(model, settings):
        try:
            _check_disk(disk)
        except DeviceFailed as failed:
            raise _with_last_line(failed, model) from None


def open_disks(model: str, settings: Settings, lab: Lab) -> None:
    """Check that the files of these disks can be opened; raises DeviceFailed."""
    for disk in _disks_of(model, settings):
        path = disk.get("path", "")
        if path and lab.path_or_own(path).exists():
            continue
        line = f"bhyve: Could not open backing file: {path}: {STALE}"
        if lab.freebsd < (11, 0):
            line = f"Could not open backing file: {STALE}"
        failed = DeviceFailed([line], STALE)
        raise _with_last_line(failed, model, is_old=not has_config_tree(lab.freebsd))


def _with_last_line(failed: DeviceFailed, model: str, *, is_old: bool = False) -> DeviceFailed:
    """Add what the controller says when its disk failed; ahci says nothing."""
    if not model.startswith("ahci"):
        prefix = "nvme: " if model == "nvme" and not is_old else ""
        failed.lines.append(f"{prefix}Could not open backing file: {failed.reason}")
    return failed


def _disks_of(model: str, settings: Settings) -> list[Settings]:
    """Return the settings of each disk: an ahci controller has many, nvme may be memory."""
    if model.startswith("ahci"):
        numbers = {key.split(".")[1] for key in settings if key.startswith("port.")}
        ports = sorted(numbers, key=lambda text: (len(text), text))
        return [_below(settings, f"port.{number}.") for number in ports]
    return [] if model == "nvme" and "ram" in settings else [settings]


def _below(settings: Settings, prefix: str) -> Settings:
    return {key[len(prefix) :]: settings[key] for key in settings if key.startswith(prefix)}


def _check_disk(settings: Settings) -> None:
    if settings.get("path") is None:
        raise DeviceFailed([MISSING])
    text = settings.get("sectorsize")
    if text is None:
        return
    found = re.fullmatch(r"(\d+)(?:/(\d+))?", text)
    if not found:
        raise DeviceFailed([f'Invalid sector size "{text}"'], "Invalid argument")
    logical, physical = int(found[1]), int(found[2] or found[1])
    if logical < 512 or logical & (logical - 1) or logical > physical:
        raise DeviceFailed([f"Invalid sector size {logical}/{physical}"])
