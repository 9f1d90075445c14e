"""grub-bhyve's readers of disks, on images that the machine's own tools made."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from chyves_core.lab.bhyve.grub_volumes import (
    GrubError,
    open_file_system,
    open_volume,
    read_device_map,
    volume_names,
)

KERNEL = bytes(range(256)) * 9000
UUID = "11111111-2222-3333-4444-555555555555"


def need(*programs: str) -> None:
    """Skip the test where one of the programs is missing."""
    for program in programs:
        if shutil.which(program) is None and not Path(f"/usr/sbin/{program}").exists():
            pytest.skip(f"{program} is not installed")


def run(*argv: str | Path) -> None:
    subprocess.run(argv, check=True, capture_output=True, env={"PATH": "/usr/sbin:/usr/bin:/bin"})


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What the images hold: a kernel, a deep file, a long name and symbolic links."""
    folder = tmp_path / "tree"
    (folder / "boot/grub").mkdir(parents=True)
    (folder / "boot/vmlinuz-6.1.0-56-amd64").write_bytes(KERNEL)
    (folder / "boot/grub/grub.cfg").write_text("set default=0\n")
    (folder / ("a rather long name " * 8).strip()).write_text("long\n")
    (folder / "vmlinuz").symlink_to("boot/vmlinuz-6.1.0-56-amd64")
    (folder / "boot/config").symlink_to("/boot/grub/grub.cfg")
    (folder / "loop").symlink_to("loop")
    for number in range(300):
        (folder / f"boot/grub/module-{number:03}.mod").write_text(str(number))
    return folder


@pytest.mark.parametrize("block", ["1024", "4096"])
@pytest.mark.parametrize("kind", ["ext2", "ext3", "ext4"])
def test_files_of_an_ext_file_system_are_read(
    tmp_path: Path, tree: Path, kind: str, block: str
) -> None:
    need("mke2fs")
    image = tmp_path / "image"
    run("mke2fs", "-q", "-t", kind, "-b", block, "-L", "root", "-U", UUID, "-d", tree, image, "32M")
    found = open_file_system(open_volume({"hd0": image}, "hd0"))
    assert (found.label, found.uuid) == ("root", UUID)
    assert found.read("/boot/vmlinuz-6.1.0-56-amd64") == KERNEL
    assert found.read("/vmlinuz") == KERNEL
    assert found.read("/boot/config") == b"set default=0\n"
    assert found.read("/boot/grub/module-299.mod") == b"299"
    assert [found.read(path) for path in ("/loop", "/boot", "/boot/vm", "/none/x")] == [None] * 4


@pytest.mark.parametrize("names", ["-R", "-J", "-U"])
def test_files_of_a_cd_are_read_with_every_kind_of_names(
    tmp_path: Path, tree: Path, names: str
) -> None:
    need("xorrisofs")
    for link in (tree / "vmlinuz", tree / "boot/config", tree / "loop"):
        link.unlink()
    image = tmp_path / "cd.iso"
    run("xorrisofs", "-quiet", names, "-V", "DEBIAN", "-o", image, tree)
    found = open_file_system(open_volume({"cd0": image}, "cd0"))
    assert found.label == "DEBIAN"
    assert found.read("/boot/vmlinuz-6.1.0-56-amd64") == KERNEL
    assert found.read("/boot/grub/module-299.mod") == b"299"
    assert found.read("/boot/grub") is None
    assert found.read("/boot/nosuch") is None


def test_a_rock_ridge_name_that_is_continued_elsewhere_is_whole(tmp_path: Path, tree: Path) -> None:
    need("xorrisofs")
    image = tmp_path / "cd.iso"
    run("xorrisofs", "-quiet", "-R", "-o", image, tree)
    found = open_file_system(open_volume({"cd0": image}, "cd0"))
    assert found.read("/" + ("a rather long name " * 8).strip()) == b"long\n"


@pytest.mark.parametrize(("size", "options"), [("4M", ()), ("40M", ()), ("64M", ("-F",))])
def test_files_of_a_fat_file_system_are_read(
    tmp_path: Path, tree: Path, size: str, options: tuple[str, ...]
) -> None:
    need("mformat", "mcopy")
    image = tmp_path / "image"
    run("truncate", "-s", size, image)
    run("mformat", "-i", image, *options, "-v", "EFI", "::")
    run("mmd", "-i", image, "::/boot")
    run("mcopy", "-i", image, tree / "boot/vmlinuz-6.1.0-56-amd64", "::/boot/")
    found = open_file_system(open_volume({"hd0": image}, "hd0"))
    assert found.label == "EFI"
    assert found.read("/BOOT/vmlinuz-6.1.0-56-AMD64") == KERNEL
    assert found.read("/boot/nosuch") is None


def test_a_blank_disk_has_no_file_system(tmp_path: Path) -> None:
    image = tmp_path / "blank"
    image.write_bytes(bytes(1 << 20))
    with pytest.raises(GrubError, match="unknown filesystem"):
        open_file_system(open_volume({"hd0": image}, "hd0"))


def mbr_entry(kind: int, start: int, size: int) -> bytes:
    return struct.pack("<4xB3xII", kind, start, size)


def mbr(*entries: bytes) -> bytes:
    return bytes(446) + b"".join(entries).ljust(64, b"\0") + b"\x55\xaa"


def test_partitions_of_an_mbr_have_grubs_names_logical_ones_from_five(tmp_path: Path) -> None:
    disk = bytearray(400 * 512)
    extended = mbr_entry(0x05, 100, 300)
    disk[0:512] = mbr(mbr_entry(0xEF, 10, 20), mbr_entry(0x83, 30, 70), extended)
    disk[100 * 512 : 101 * 512] = mbr(mbr_entry(0x83, 1, 50), mbr_entry(0x05, 100, 60))
    disk[200 * 512 : 201 * 512] = mbr(mbr_entry(0x83, 2, 40))
    image = tmp_path / "disk"
    image.write_bytes(disk)
    names = ["hd0", "hd0,msdos1", "hd0,msdos2", "hd0,msdos5", "hd0,msdos6"]
    assert list(volume_names({"hd0": image})) == names
    starts = [open_volume({"hd0": image}, name).start // 512 for name in names]
    assert starts == [0, 10, 30, 101, 202]
    assert open_volume({"hd0": image}, "hd0,5").size == 50 * 512


def test_partitions_of_a_gpt_have_grubs_names(tmp_path: Path) -> None:
    disk = bytearray(100 * 512)
    disk[0:512] = mbr(mbr_entry(0xEE, 1, 99))
    disk[512:1024] = (b"EFI PART" + bytes(64) + struct.pack("<QII", 2, 4, 128)).ljust(512, b"\0")
    for number, (first, last) in ((0, (34, 49)), (2, (50, 89))):
        at = 1024 + 128 * number
        disk[at : at + 128] = (b"T" * 32 + struct.pack("<QQ", first, last)).ljust(128, b"\0")
    image = tmp_path / "disk"
    image.write_bytes(disk)
    assert list(volume_names({"hd0": image})) == ["hd0", "hd0,gpt1", "hd0,gpt3"]
    volume = open_volume({"hd0": image}, "hd0,3")
    assert (volume.start // 512, volume.size // 512) == (50, 40)


@pytest.mark.parametrize(
    ("name", "words"),
    [("hd1", "disk `hd1' not found"), ("hd0,1", "no such partition"), ("cd0", "cannot open")],
)
def test_a_device_that_is_not_there_is_named(tmp_path: Path, name: str, words: str) -> None:
    image = tmp_path / "disk"
    image.write_bytes(bytes(4096))
    with pytest.raises(GrubError, match=words):
        open_volume({"hd0": image, "cd0": tmp_path / "none"}, name)


def test_the_device_map_is_read_up_to_the_first_blank_of_each_path() -> None:
    text = "(hd0) /dev/zvol/zroot/chyves/guests/web1/disk0\n# (hd1) /off\n\n(cd0)\t/a b.iso \n"
    assert read_device_map(text) == {
        "hd0": "/dev/zvol/zroot/chyves/guests/web1/disk0",
        "cd0": "/a",
    }
