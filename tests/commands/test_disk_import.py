"""`disk import`: whole and compared, or not there."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.disk_helpers import (
    MIB,
    WEB1,
    below,
    devices,
    disks,
    make_web,
    native,
    node,
    read_mark,
    slots_property,
    write_mark,
)
from tests.commands.resource_files import CONTENT as SERVED
from tests.commands.resource_server import web_server
from tests.commands.whole_guests import own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost

# Not a whole number of sectors, with zeros in its midst.
CONTENT = b"#chyves-guest\n" + os.urandom(MIB) + bytes(3 * MIB) + b"the end"


@pytest.fixture
def web(lab: LabHost) -> LabHost:
    """A lab with the guest web1 and its disk0 of 1G."""
    return make_web(lab)


def image(folder: Path, name: str = "disk.raw", content: bytes = CONTENT) -> str:
    """Write an image file."""
    (folder / name).write_bytes(content)
    return str(folder / name)


def folder_of(lab: LabHost) -> list[str]:
    """Return what an import has left in the guest's folder."""
    found = os.listdir(lab.root / "chyves/zroot/guests/web1")
    return sorted(name for name in found if name != ".zfs")


def holds(lab: LabHost, disk: str, content: bytes = CONTENT) -> bool:
    """Return whether a disk holds an image, and nothing but zeros behind it."""
    found = node(lab, disk).read_bytes()
    return found == content.ljust(len(found), b"\0")


def test_a_raw_image_becomes_a_new_disk(web: LabHost, tmp_path: Path) -> None:
    before = devices(web)
    said = web.output("web1", "disk", "import", image(tmp_path))
    assert said == "web1: disk1 imported, 4.00M, without a check, compared"
    assert holds(web, "disk1")
    assert native(web, "disk1", "volsize", "volmode") == {
        "volsize": str(5 * MIB),
        "volmode": "dev",
    }
    own = own_properties(web, f"{WEB1}/disk1")
    assert own["chyves:source"] == str(tmp_path / "disk.raw")
    assert set(own) == {"chyves:disk_serial", "chyves:source", "chyves:imported"}
    assert slots_property(web) == "disk0=4,disk1=5,tap50=16"
    after = devices(web)
    assert {slot: after[slot] for slot in before} == before
    assert below(web) == ["disk0", "disk1"]
    assert folder_of(web) == []


def test_zeros_take_no_room(web: LabHost, tmp_path: Path) -> None:
    with open(tmp_path / "huge.raw", "wb") as huge:
        huge.write(b"begin")
        huge.seek(300 * MIB)
        huge.write(b"end")
    web.chyves("web1", "disk", "import", "--sparse", str(tmp_path / "huge.raw"))
    assert node(web, "disk1").stat().st_blocks * 512 < 4 * MIB
    assert native(web, "disk1", "refreservation", "volsize") == {
        "refreservation": "0",
        "volsize": str(301 * MIB),
    }


@pytest.mark.parametrize("ending", [".gz", ".xz"])
def test_a_packed_image_is_checked_and_unpacked(web: LabHost, tmp_path: Path, ending: str) -> None:
    packed = {".gz": gzip.compress, ".xz": lzma.compress}[ending](CONTENT)
    file = image(tmp_path, f"disk.raw{ending}", packed)
    wrong = web.chyves("web1", "disk", "import", "--hash", "0" * 64, file, status=1)
    assert "the sha256 checksum is wrong, nothing was imported" in wrong.stderr
    assert below(web) == ["disk0"]
    digits = hashlib.sha256(packed).hexdigest()
    said = web.output("web1", "disk", "import", "--hash", digits, file)
    assert said.endswith("its sha256 checksum is right, compared")
    assert holds(web, "disk1")
    assert folder_of(web) == []


def test_a_wrong_checksum_of_a_plain_image_imports_nothing(web: LabHost, tmp_path: Path) -> None:
    before = web.everything()
    web.chyves("web1", "disk", "import", "--hash", "md5:" + "0" * 32, image(tmp_path), status=1)
    assert web.everything() == before
    digits = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    web.chyves("web1", "disk", "import", "--hash", digits, image(tmp_path))


def test_an_image_comes_from_the_network(web: LabHost) -> None:
    with web_server() as url:
        web.chyves("web1", "disk", "import", f"{url}/pub/a.iso.xz")
        web.chyves("web1", "disk", "import", f"{url}/nosuch.raw", status=1)
        web.chyves("web1", "disk", "import", f"{url}/cut.iso", status=1)
    assert disks(web) == ["disk0", "disk1"]
    assert holds(web, "disk1", SERVED)
    assert folder_of(web) == []


def test_an_image_takes_the_place_of_a_disk_with_force_and_a_yes(
    web: LabHost, tmp_path: Path
) -> None:
    write_mark(web, "disk0", b"old")
    web.chyves("web1", "disk", "disk0", "description", "the system")
    web.chyves("web1", "set", "virtio_block_options_disk0=nocache")
    web.run("zfs", "set", "compression=lz4", f"{WEB1}/disk0")
    web.chyves("web1", "snapshot", "@s")
    before, everything = devices(web), web.everything()
    file = image(tmp_path)
    web.chyves("web1", "disk", "import", file, "disk0", "-y", status=4)
    said = web.chyves("web1", "disk", "import", file, "disk0", "force", status=4).stderr
    assert "destroys disk0: " in said and "snapshots @s" in said
    assert web.everything() == everything
    web.chyves("web1", "disk", "import", file, "disk0", "force", "-y")
    assert holds(web, "disk0")
    assert devices(web) == before
    assert below(web) == ["disk0"]
    assert native(web, "disk0", "volsize", "compression") == {
        "volsize": str(1 << 30),
        "compression": "lz4",
    }
    assert own_properties(web, f"{WEB1}/disk0")["chyves:description"] == "the system"
    assert "chyves:replaced" not in own_properties(web, f"{WEB1}/disk0")


def test_a_disk_that_has_to_stay_is_not_replaced(web: LabHost, tmp_path: Path) -> None:
    file = image(tmp_path)
    words = ("web1", "disk", "import", file, "disk0", "force", "-y")
    web.run("zfs", "snapshot", f"{WEB1}/disk0@s")
    web.run("zfs", "clone", f"{WEB1}/disk0@s", "zroot/precious")
    assert "was cloned, zroot/precious" in web.chyves(*words, status=4).stderr
    web.run("zfs", "destroy", "-R", f"{WEB1}/disk0@s")
    web.chyves("web1", "start")
    assert "web1: is running" in web.chyves(*words, status=4).stderr
    said = web.output("web1", "disk", "import", file).split("\n")
    assert said[1] == "web1: is running, it sees it when it starts the next time, or reboots"
    assert read_mark(web, "disk0", 13) == b"#chyves-guest"
    assert below(web) == ["disk0", "disk1"]


def test_an_image_that_does_not_fit_leaves_nothing(web: LabHost, tmp_path: Path) -> None:
    with open(tmp_path / "huge.raw", "wb") as huge:
        huge.truncate(500 << 30)
    before = web.everything()
    said = web.chyves("web1", "disk", "import", str(tmp_path / "huge.raw"), status=1).stderr
    assert said.startswith("chyves: web1: an image of 500G does not fit, there is ")
    assert web.everything() == before


def test_what_is_wrong_imports_nothing(web: LabHost, tmp_path: Path) -> None:
    web.run("zfs", "create", f"{WEB1}/other")
    packed = gzip.compress(CONTENT)
    good, fake = image(tmp_path), image(tmp_path, "fake.qcow2")
    cut = image(tmp_path, "cut.raw.gz", packed[:-100])
    before = web.everything()
    for status, words in (
        (2, [good, "disk0", "now"]),
        (2, ["gopher://x/y"]),
        (3, [good, "disk1", "force"]),
        (3, [good, "other", "force"]),
        (3, [str(tmp_path / "nosuch")]),
        (1, [str(tmp_path)]),
        (1, [cut]),
        (1, [fake]),
    ):
        done = web.chyves("web1", "disk", "import", *words, "-y", status=status)
        assert 1 <= done.stderr.count("\n") <= 2, words
    assert web.everything() == before
    assert folder_of(web) == ["other"]


def test_a_dry_run_shows_every_command_and_imports_nothing(web: LabHost, tmp_path: Path) -> None:
    before = web.everything()
    file = image(tmp_path)
    lines = web.output("web1", "disk", "import", "-n", file).split("\n")
    assert lines[0].endswith(f" -V {5 * MIB} {WEB1}/importing-disk1")
    assert lines[1].startswith(f"cat {file} | dd of=/dev/zvol/{WEB1}/importing-disk1 ")
    assert lines[3] == f"zfs rename {WEB1}/importing-disk1 {WEB1}/disk1"
    lines = web.output("web1", "disk", "import", "-n", file, "disk0", "force").split("\n")
    assert lines[-3:] == [
        f"zfs rename {WEB1}/disk0 {WEB1}/replaced-disk0",
        f"zfs rename {WEB1}/importing-disk0 {WEB1}/disk0",
        f"zfs destroy -r {WEB1}/replaced-disk0",
    ]
    assert web.everything() == before


def test_a_volume_that_reads_differently_is_no_disk(web: LabHost, tmp_path: Path) -> None:
    """A device that keeps what is written for itself: what is read back is compared."""
    before = web.everything()
    script = (
        "import os, sys; from chyves_core.disks import writing; whole = os.pwrite\n"
        "os.pwrite = lambda file, block, at: whole(file, bytes(block)[:-1] + b'!', at)\n"
        "from chyves_core.disks.command import DiskCommand; DiskCommand.execute()"
    )
    words = ("web1", "import", image(tmp_path))
    done = web.run(os.sys.executable, "-c", script, *words, status=1, PYTHONPATH=os.getcwd())
    assert "what was written on zroot reads differently, nothing was imported" in done.stderr
    assert web.everything() == before


def test_snapshots_that_hold_half_an_image_do_not_come_with_the_disk(
    web: LabHost, tmp_path: Path
) -> None:
    fault = "zfs:4:kill"
    web.chyves("web1", "disk", "import", image(tmp_path), status=-9, CHYVES_LAB_FAIL=fault)
    assert below(web) == ["disk0", "importing-disk1"]
    web.chyves("web1", "snapshot", "@s")
    web.chyves("web1", "disk", "import", image(tmp_path))
    assert below(web) == ["disk0", "disk0@s", "disk1"]
