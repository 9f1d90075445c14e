"""A disk image that boots by UEFI, as a cloud image does: made of what is on the guest's ISO."""

from __future__ import annotations

import subprocess
from pathlib import Path

MEBIBYTE = 1 << 20
START = 2048
SECTOR = 512


def make_image(iso: Path, folder: Path) -> Path:
    """Make a qcow2 image with an EFI partition that holds GRUB, kernel and initramfs."""
    tree, raw, image = folder / "tree", folder / "cloud.raw", folder / "cloud.qcow2"
    run("xorriso", "-osirrox", "on", "-indev", str(iso), "-extract", "/boot", str(tree / "boot"))
    run("chmod", "-R", "u+w", str(tree))
    (tree / "boot/installed").touch()
    loader = tree / "EFI/BOOT/BOOTX64.EFI"
    loader.parent.mkdir(parents=True)
    (tree / "boot/bootx64.efi").rename(loader)
    files = sum(file.stat().st_size for file in tree.rglob("*"))
    # mformat makes FAT32 only, which UEFI does not believe of a smaller file system.
    size = max(64 * MEBIBYTE, 2 * files // MEBIBYTE * MEBIBYTE)
    with open(raw, "wb") as disk:
        disk.write(boot_record(size // SECTOR))
        disk.truncate(START * SECTOR + size)
    partition = f"{raw}@@{START * SECTOR}"
    run("mformat", "-i", partition, "-F", "-T", str(size // SECTOR), "-h", "64", "-s", "32")
    run("mcopy", "-s", "-i", partition, str(tree / "boot"), str(tree / "EFI"), "::/")
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(image))
    raw.unlink()
    return image


def boot_record(sectors: int) -> bytes:
    """Return a master boot record with one partition, of the EFI kind."""
    entry = bytes([0, 0, 2, 0, 0xEF, 0xFF, 0xFF, 0xFF])
    entry += START.to_bytes(4, "little") + sectors.to_bytes(4, "little")
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"


def run(*argv: str) -> None:
    """Run a program of this machine."""
    subprocess.run(argv, check=True, capture_output=True)
