"""What `chyves iso import` refuses, and that nothing is left of it."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.resource_files import CONTENT, make_file, names, resource_datasets

if TYPE_CHECKING:
    from tests.conftest import LabHost

XZ, GZ = lzma.compress(CONTENT), gzip.compress(CONTENT)


@pytest.fixture
def unchanged(lab: LabHost) -> Iterator[LabHost]:
    """A lab in which nothing may have changed at the end, whatever was tried."""
    yield lab
    assert resource_datasets(lab) == []
    assert os.listdir(lab.root / "chyves" / "zroot" / "ISO") == []


def refused(host: LabHost, *words: str, status: int) -> str:
    """Return what is said when an import fails; it is one line, and one that helps at most."""
    said = host.chyves("iso", "import", *words, status=status).stderr
    lines = said.splitlines()
    assert lines[0].startswith("chyves: ")
    assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("        "))
    return said


BAD_FILES = [
    ("cut.iso.xz", XZ[:-20], "is cut off"),
    ("cut.iso.gz", GZ[:-20], "is cut off"),
    ("bad.iso.xz", XZ[:60] + b"\xff" * 30 + XZ[90:], "is damaged"),
    ("bad.iso.gz", GZ[:60] + b"\xff" * 30 + GZ[90:], "is damaged"),
    ("none.iso.xz", CONTENT, "no .xz file at all"),
    ("none.iso.gz", CONTENT, "no .gz file at all"),
    ("none.iso.bz2", CONTENT, "no .bz2 file at all"),
    ("nothing.iso.xz", lzma.compress(b""), "has nothing in it"),
    ("nothing.iso.gz", gzip.compress(b""), "has nothing in it"),
    ("empty.iso", b"", "is empty"),
    ("empty.iso.xz", b"", "is empty"),
    ("disc.iso.zst", CONTENT, "files of zstd are not unpacked here"),
]


def test_files_that_are_no_good(unchanged: LabHost, tmp_path: Path) -> None:
    for name, content, reason in BAD_FILES:
        said = refused(unchanged, make_file(tmp_path, name, content), status=1)
        assert said.startswith(f"chyves: {name}: ")
        assert reason in said


def test_a_wrong_checksum_says_both(unchanged: LabHost, tmp_path: Path) -> None:
    wrong, right = "0" * 64, hashlib.sha256(CONTENT).hexdigest()
    said = refused(unchanged, make_file(tmp_path, "a.iso"), "--hash", wrong, status=1)
    assert "a.iso: the sha256 checksum is wrong, nothing was imported" in said
    assert f"expected {wrong}, the file has {right}" in said


def test_a_packed_file_with_a_wrong_checksum_is_not_even_unpacked(
    unchanged: LabHost, tmp_path: Path
) -> None:
    file = make_file(tmp_path, "a.iso.xz", CONTENT)
    said = refused(unchanged, file, "--hash", "md5:" + "0" * 32, status=1)
    assert "the md5 checksum is wrong" in said


def test_what_is_no_checksum(unchanged: LabHost, tmp_path: Path) -> None:
    file = make_file(tmp_path, "a.iso")
    for words in ("", "sha256:", "abc", "crc32:" + "0" * 8, "md5:" + "0" * 40):
        assert "is not a checksum" in refused(unchanged, file, "--hash", words, status=2)


def test_a_name_that_no_resource_can_have(unchanged: LabHost, tmp_path: Path) -> None:
    file = make_file(tmp_path, "a.iso")
    for name in ("", "..", "../up", "a/b", "a,b", "a b", "-x", ".hidden", "a@b", "ä", "x" * 121):
        refused(unchanged, file, f"--name={name}", status=2)


def test_a_file_whose_name_makes_no_name_needs_another_one(
    unchanged: LabHost, tmp_path: Path
) -> None:
    for name in (".iso", "ääää", ".xz", "x" * 121):
        said = refused(unchanged, make_file(tmp_path, name), status=2)
        assert "choose one with --name" in said


def test_a_file_that_is_not_there(unchanged: LabHost, tmp_path: Path) -> None:
    for option in ("-n", "-y"):
        said = refused(unchanged, option, str(tmp_path / "no.iso"), status=3)
        assert said == "chyves: no.iso: there is no such file\n"


def test_a_path_through_a_file(unchanged: LabHost, tmp_path: Path) -> None:
    refused(unchanged, make_file(tmp_path, "a.iso") + "/b.iso", status=3)


def test_a_folder(unchanged: LabHost, tmp_path: Path) -> None:
    assert "is a folder" in refused(unchanged, str(tmp_path), "--name", "x", status=1)


def test_a_device(unchanged: LabHost) -> None:
    assert "is not a regular file" in refused(unchanged, "/dev/zero", status=1)


def test_a_fifo_is_not_waited_for(unchanged: LabHost, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.iso")
    assert "is not a regular file" in refused(unchanged, str(tmp_path / "pipe.iso"), status=1)


def test_a_symbolic_link_to_itself(unchanged: LabHost, tmp_path: Path) -> None:
    (tmp_path / "loop.iso").symlink_to("loop.iso")
    assert "cannot be read" in refused(unchanged, str(tmp_path / "loop.iso"), status=1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(unchanged: LabHost, tmp_path: Path) -> None:
    file = make_file(tmp_path, "secret.iso")
    os.chmod(file, 0)
    assert "Permission denied" in refused(unchanged, file, status=1)


def test_what_is_neither_path_nor_url(unchanged: LabHost) -> None:
    for word in ("gopher://host/a.iso", "file:///tmp/a.iso", "", " "):
        refused(unchanged, word, status=2)


def test_a_url_with_a_blank_or_without_a_file(unchanged: LabHost) -> None:
    assert "%20" in refused(unchanged, "http://host/a b.iso", status=2)
    assert "--name" in refused(unchanged, "http://host/", status=2)
    assert "--name" in refused(unchanged, "http://host", status=2)


def test_another_number_of_words(unchanged: LabHost) -> None:
    for words in ((), ("a", "b")):
        assert "chyves iso import" in refused(unchanged, *words, status=2)
    said = unchanged.chyves("iso", "delete", "-y", "a", "b", status=2).stderr
    assert said.splitlines()[1].strip().startswith("chyves iso delete ")


def test_an_unknown_verb(unchanged: LabHost) -> None:
    done = unchanged.chyves("iso", "frobnicate", status=2)
    assert "frobnicate: is nothing that can be done with ISO resources" in done.stderr


def test_a_disk_that_is_full_undoes_the_import(unchanged: LabHost, tmp_path: Path) -> None:
    # A limit on the size of files stands in for a full pool: write(2) fails half-way.
    file = make_file(tmp_path, "big.iso", b"x" * (3 << 20))
    limited = ("sh", "-c", 'ulimit -f 2048; exec "$@"', "sh")
    said = unchanged.run(*limited, "chyves", "iso", "import", file, status=1).stderr
    assert said == "chyves: big.iso: cannot be written: File too large\n"
    place = "zroot/chyves/ISO"
    used = unchanged.run("zfs", "get", "-Hpo", "value", "used", place).stdout.strip()
    unchanged.run("zfs", "set", f"quota={used}", place)
    assert refused(unchanged, file, status=1) == (
        "chyves: big.iso: the ISO does not fit, there is 0B free on zroot; nothing was changed\n"
        "        zfs list -o space -r zroot\n"
    )
    unchanged.run("zfs", "set", "quota=none", place)


def test_a_dataset_that_is_mounted_elsewhere_is_not_written_beside(
    unchanged: LabHost, tmp_path: Path
) -> None:
    unchanged.run("zfs", "set", "canmount=noauto", "zroot/chyves/ISO")
    unchanged.run("zfs", "set", "mountpoint=none", "zroot/chyves/ISO")
    said = refused(unchanged, make_file(tmp_path, "a.iso"), status=1)
    assert "zroot/chyves/ISO/a.iso is not mounted, it has to be on /chyves/zroot/ISO/a.iso" in said
    unchanged.run("zfs", "inherit", "mountpoint", "zroot/chyves/ISO")
    unchanged.run("zfs", "set", "canmount=on", "zroot/chyves/ISO")
    unchanged.run("zfs", "mount", "zroot/chyves/ISO", status=None)


def test_a_name_that_is_taken_keeps_what_it_has(lab: LabHost, tmp_path: Path) -> None:
    lab.chyves("iso", "import", make_file(tmp_path, "a.iso", b"first"))
    before = lab.everything()
    said = refused(lab, make_file(tmp_path, "a.iso", b"second"), status=4)
    assert "a.iso: there is such an ISO already" in said
    assert lab.everything() == before
    assert names(lab) == ["a.iso"]


def test_a_dataset_that_chyves_did_not_begin_is_left_alone(lab: LabHost, tmp_path: Path) -> None:
    lab.run("zfs", "create", "zroot/chyves/ISO/mine")
    said = refused(lab, make_file(tmp_path, "mine"), status=4)
    assert "zroot/chyves/ISO/mine is there, and is not a resource of chyves" in said
    assert resource_datasets(lab) == ["zroot/chyves/ISO/mine"]
    assert names(lab) == []
