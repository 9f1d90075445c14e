"""`disk import` of images of other virtual machine monitors, which qemu-img reads."""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.disk_helpers import below, make_web
from tests.commands.test_disk_import import CONTENT, folder_of, holds, image

if TYPE_CHECKING:
    from tests.conftest import LabHost


@pytest.fixture
def web(lab: LabHost) -> LabHost:
    """A lab with the guest web1 and its disk0 of 1G."""
    return make_web(lab)


def without_qemu_img(folder: Path) -> str:
    """Return a PATH on which everything of this machine is found but qemu-img."""
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(":")):
        for program in os.listdir(place) if os.path.isdir(place) else ():
            if program != "qemu-img":
                (folder / program).unlink(missing_ok=True)
                (folder / program).symlink_to(f"{place}/{program}")
    return str(folder)


def test_without_qemu_img_the_package_is_named(web: LabHost, tmp_path: Path) -> None:
    path = f"{web.lab.bin}:{without_qemu_img(tmp_path / 'bin')}"
    file = image(tmp_path, "a.qcow2", b"QFI\xfb\0\0\0\2" + bytes(1024))
    before = web.everything()
    said = web.chyves("web1", "disk", "import", file, status=1, PATH=path).stderr
    assert said == (
        "chyves: a.qcow2: is a qcow2 image, and qemu-img is not installed\n"
        "        pkg install qemu-tools\n"
    )
    assert web.everything() == before


def test_a_qcow2_image_that_names_other_files_is_refused(web: LabHost, tmp_path: Path) -> None:
    backing = b"QFI\xfb" + (2).to_bytes(4) + (72).to_bytes(8) + (11).to_bytes(4) + bytes(52)
    data_file = b"QFI\xfb" + (3).to_bytes(4) + bytes(64) + (4).to_bytes(8) + bytes(24)
    for head in (backing, data_file):
        file = image(tmp_path, "a.img", head + b"/etc/passwd" + bytes(1024))
        said = web.chyves("web1", "disk", "import", file, status=1).stderr
        assert said.startswith("chyves: a.img: stands on another file\n")
    assert below(web) == ["disk0"]


@pytest.mark.skipif(shutil.which("qemu-img") is None, reason="this machine has no qemu-img")
@pytest.mark.parametrize("kind", ["qcow2", "vmdk", "vdi", "vhdx", "vpc", "qcow2.xz"])
def test_images_of_other_monitors_are_converted_and_compared(
    web: LabHost, tmp_path: Path, kind: str
) -> None:
    raw, made = image(tmp_path, content=CONTENT + bytes(-len(CONTENT) % 512)), tmp_path / "made"
    argv = ("qemu-img", "convert", "-f", "raw", "-O", kind.removesuffix(".xz"), raw, str(made))
    subprocess.run(argv, check=True)
    if kind.endswith(".xz"):
        made = tmp_path / "made.qcow2.xz"
        made.write_bytes(lzma.compress((tmp_path / "made").read_bytes()))
    digits = hashlib.sha512(made.read_bytes()).hexdigest()
    said = web.output("web1", "disk", "import", "--hash", digits, str(made))
    assert said.endswith("its sha512 checksum is right, compared")
    assert holds(web, "disk1")
    assert folder_of(web) == []


@pytest.mark.skipif(shutil.which("qemu-img") is None, reason="this machine has no qemu-img")
def test_an_extent_elsewhere_is_refused(web: LabHost, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    flat = tmp_path / "in/a.vmdk"
    argv = ("qemu-img", "create", "-f", "vmdk", "-o", "subformat=monolithicFlat", str(flat), "4M")
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    web.chyves("web1", "disk", "import", str(flat))
    (tmp_path / "in/a-flat.vmdk").rename(tmp_path / "secret")
    flat.write_text(flat.read_text().replace("a-flat.vmdk", str(tmp_path / "secret")))
    said = web.chyves("web1", "disk", "import", str(flat), status=1).stderr
    assert said.startswith(f"chyves: a.vmdk: stands on another file, {tmp_path}/secret")
