"""`chyves iso|firmware import` of local files."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.resource_files import (
    CONTENT,
    installed,
    make_file,
    names,
    properties,
    resource_datasets,
)

if TYPE_CHECKING:
    from tests.conftest import LabHost


@pytest.mark.parametrize(("command", "kind"), [("iso", "ISO"), ("firmware", "Firmware")])
def test_a_file_gets_a_dataset_of_its_own_that_tells_what_it_is(
    lab: LabHost, tmp_path: Path, command: str, kind: str
) -> None:
    file = make_file(tmp_path, "debian-13.iso")
    sha256 = hashlib.sha256(CONTENT).hexdigest()

    done = lab.chyves(command, "import", file)

    assert done.stdout == f"debian-13.iso: imported without a check, 151K, sha256 {sha256}\n"
    assert installed(lab, "debian-13.iso", kind) == CONTENT
    found = properties(lab, f"zroot/chyves/{kind}/debian-13.iso")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found.pop("imported"))
    assert found == {"sha256": sha256, "source": file, "size": str(len(CONTENT))}


@pytest.mark.parametrize(
    ("ending", "pack"), [(".xz", lzma.compress), (".gz", gzip.compress), (".bz2", bz2.compress)]
)
def test_a_compressed_file_is_unpacked_and_its_checksum_is_that_of_the_packed_one(
    lab: LabHost, tmp_path: Path, ending: str, pack
) -> None:
    packed = pack(CONTENT)
    file = make_file(tmp_path, f"disc1.iso{ending}", packed)

    lab.chyves("iso", "import", file, "--hash", "sha512:" + hashlib.sha512(packed).hexdigest())

    assert installed(lab, "disc1.iso") == CONTENT
    unpacked_sum = hashlib.sha256(CONTENT).hexdigest()
    assert properties(lab, "zroot/chyves/ISO/disc1.iso")["sha256"] == unpacked_sum


def test_files_of_several_compressed_parts_are_unpacked_whole(lab: LabHost, tmp_path: Path) -> None:
    half = len(CONTENT) // 2
    parts = lzma.compress(CONTENT[:half]) + lzma.compress(CONTENT[half:])
    lab.chyves("iso", "import", make_file(tmp_path, "two.iso.xz", parts))
    assert installed(lab, "two.iso") == CONTENT


def test_four_kinds_of_checksums_are_taken(lab: LabHost, tmp_path: Path) -> None:
    file = make_file(tmp_path, "a.iso")
    for algorithm in ("md5", "sha1", "sha256", "sha512"):
        digits = hashlib.new(algorithm, CONTENT).hexdigest()
        name = f"{algorithm}.iso"
        done = lab.chyves("iso", "import", file, "--name", name, "--hash", digits)
        assert done.stdout == f"{name}: imported, 151K, its {algorithm} checksum is right\n"


def test_a_name_can_be_chosen(lab: LabHost, tmp_path: Path) -> None:
    lab.chyves("iso", "import", make_file(tmp_path, "bad name.iso"), "--name", "good.iso")
    assert names(lab) == ["good.iso"]
    assert installed(lab, "good.iso") == CONTENT


def test_signs_that_no_name_can_have_are_replaced_and_that_is_said(
    lab: LabHost, tmp_path: Path
) -> None:
    done = lab.chyves("iso", "import", make_file(tmp_path, "Gerät (1)+x, y.iso"))
    assert done.stdout.startswith("'Gerät (1)+x, y.iso': is called Ger_t__1__x__y.iso here\n")
    assert installed(lab, "Ger_t__1__x__y.iso") == CONTENT


def test_a_relative_path_is_kept_as_an_absolute_one(
    lab: LabHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_file(tmp_path, "here.iso")
    monkeypatch.chdir(tmp_path)
    lab.chyves("iso", "import", "here.iso")
    assert properties(lab, "zroot/chyves/ISO/here.iso")["source"] == str(tmp_path / "here.iso")


def test_an_iso_and_a_firmware_can_have_one_name(lab: LabHost, tmp_path: Path) -> None:
    lab.chyves("iso", "import", make_file(tmp_path, "same", b"iso"))
    lab.chyves("firmware", "import", make_file(tmp_path, "same", b"firmware"))
    assert installed(lab, "same") == b"iso"
    assert installed(lab, "same", "Firmware") == b"firmware"


def test_quiet_says_nothing(lab: LabHost, tmp_path: Path) -> None:
    done = lab.chyves("iso", "import", "-q", make_file(tmp_path, "a.iso"))
    assert done.stdout + done.stderr == ""
    assert names(lab) == ["a.iso"]


def test_nothing_but_the_result_is_printed_without_a_terminal(lab: LabHost, tmp_path: Path) -> None:
    done = lab.chyves("iso", "import", make_file(tmp_path, "a.iso"))
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


def test_a_dry_run_prints_what_would_be_done_and_does_nothing(lab: LabHost, tmp_path: Path) -> None:
    file = make_file(tmp_path, "it's.iso")
    before = lab.everything()
    lines = lab.output("iso", "import", "-n", file, "--name", "its.iso").splitlines()
    source = shlex.quote(f"chyves.resource:source={file}")
    assert lines[:4] == [
        f"zfs create -o {source} zroot/chyves/ISO/its.iso",
        f"cp {shlex.quote(file)} /chyves/zroot/ISO/its.iso/.draft",
        "chmod 0444 /chyves/zroot/ISO/its.iso/.draft",
        "mv /chyves/zroot/ISO/its.iso/.draft /chyves/zroot/ISO/its.iso/its.iso",
    ]
    assert lines[4].startswith('zfs set chyves.resource:sha256="$(sha256 -q /chyves/zroot/ISO/')
    assert len(lines) == 5
    assert lab.everything() == before


def test_a_dry_run_of_a_packed_url_shows_fetching_checking_and_unpacking(lab: LabHost) -> None:
    url = "https://example.org/pub/x.iso.xz"
    lines = lab.output("iso", "import", "-n", url, "--hash", "9e107d9d372bb6826bd81d3542a419d6")
    folder = "/chyves/zroot/ISO/x.iso"
    assert lines.splitlines()[1:5] == [
        f"fetch -r -o {folder}/.download {url}",
        f"md5 -q -c 9e107d9d372bb6826bd81d3542a419d6 {folder}/.download",
        f"xz -dc < {folder}/.download > {folder}/.draft",
        f"rm -f {folder}/.download",
    ]


def test_only_root_imports_and_everyone_lists(lab: LabHost, tmp_path: Path) -> None:
    file = make_file(tmp_path, "a.iso")
    done = lab.chyves("iso", "import", file, status=1, CHYVES_LAB_UID="1001")
    assert done.stderr.startswith("chyves: must be root\n")
    assert resource_datasets(lab) == []
    done = lab.chyves("iso", "list", CHYVES_LAB_UID="1001")
    assert (done.stdout, done.stderr) == ("", "no ISO images\n")


def test_without_a_primary_pool_the_command_that_makes_one_is_named(
    empty_lab: LabHost, tmp_path: Path
) -> None:
    done = empty_lab.chyves("iso", "import", make_file(tmp_path, "a.iso"), status=3)
    assert "chyves dataset POOL install" in done.stderr
