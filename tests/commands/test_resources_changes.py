"""`chyves iso|firmware list`, `rename` and `delete`."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chyves_core.lab.host.processes import register
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

# Names that would lead out of the datasets of resources.
OUTSIDE = ("../gold", "/etc/passwd", "-r", "x" * 300)


@pytest.fixture
def isos(lab: LabHost, tmp_path: Path) -> LabHost:
    """A lab with ISOs whose names begin, end and continue each other."""
    for name in ("pfSense", "pfSense-gold", "gold"):
        lab.chyves("iso", "import", "-q", make_file(tmp_path, name, name.encode() * 1000))
    lab.forget_commands()
    return lab


def test_the_list_is_sorted_and_says_what_each_is_and_where_it_came_from(
    isos: LabHost, tmp_path: Path
) -> None:
    lines = isos.output("iso", "list").splitlines()
    assert lines[0].split() == ["NAME", "SIZE", "USED", "IMPORTED", "SHA256", "SOURCE"]
    assert [line.split()[0] for line in lines[1:]] == ["gold", "pfSense", "pfSense-gold"]
    for options in ((), ("-H",), ("--json",)):
        assert isos.output("list", *options, "iso") == isos.output("iso", "list", *options)
    digest = hashlib.sha256(b"gold" * 1000).hexdigest()
    assert lines[1].split()[-2:] == [digest[:12], f"{tmp_path}/gold"]
    for whole in (("-p",), ("-H",)):
        assert digest in isos.output("iso", "list", *whole, "-o", "name,sha256")
    assert json.loads(isos.output("iso", "list", "--json"))[0]["sha256"] == digest


def test_the_list_has_exact_numbers_columns_and_json(isos: LabHost, tmp_path: Path) -> None:
    chosen = isos.output("iso", "list", "-Hp", "-o", "name,size,source").splitlines()
    assert chosen[0] == f"gold\t4000\t{tmp_path}/gold"
    rows = json.loads(isos.output("iso", "list", "--json"))
    assert list(rows[0])[:6] == ["name", "size", "used", "imported", "source", "sha256"]
    assert rows[1]["size"] == 7000


def test_the_list_takes_one_zfs_call(isos: LabHost) -> None:
    isos.chyves("iso", "list")
    assert len(isos.commands("zfs")) == 1


def test_an_unknown_column_is_an_error(isos: LabHost) -> None:
    assert (
        "there is no column 'colour'" in isos.chyves("iso", "list", "-o", "colour", status=2).stderr
    )


def test_firmware_is_not_listed_among_isos(isos: LabHost) -> None:
    assert names(isos, "firmware") == []


@pytest.mark.parametrize("name", ["pfSense", "gold"])
def test_delete_takes_the_one_of_exactly_that_name(isos: LabHost, name: str) -> None:
    before = set(resource_datasets(isos))
    assert isos.output("iso", "delete", "-y", name) == f"{name}: deleted"
    assert before - set(resource_datasets(isos)) == {f"zroot/chyves/ISO/{name}"}
    assert isos.commands("zfs")[-2] == ["zfs", "destroy", f"zroot/chyves/ISO/{name}"]


def test_delete_guesses_nothing(isos: LabHost) -> None:
    before = isos.everything()
    for name in ("pfSens", "pfSense-", "*", "pf*", "all", "pfSense,gold", "", "."):
        isos.chyves("iso", "delete", "-y", name, "force", status=3)
    for name in OUTSIDE:
        for words in (
            ("delete", "-y", "--", name),
            ("rename", "--", name, "x"),
            ("verify", "--", name),
        ):
            said = isos.chyves("iso", *words, status=3).stderr
            assert "there is no such ISO" in said.splitlines()[0]
        isos.chyves("iso", "rename", "--", "gold", name, status=2)
    assert isos.everything() == before


def test_start_takes_no_path_for_an_iso(isos: LabHost) -> None:
    isos.chyves("web1", "create", "1G")
    for name in ("../ISO/gold", "gold/gold", "/chyves/zroot/ISO/gold/gold"):
        said = isos.chyves("web1", "start", name, status=3).stderr
        assert f"{name}: there is no such ISO" in said


def test_a_name_that_is_nearly_right_brings_a_hint(isos: LabHost) -> None:
    done = isos.chyves("iso", "delete", "-y", "pfsense", status=3)
    assert done.stderr.splitlines()[0] == "chyves: pfsense: there is no such ISO"
    assert "did you mean pfSense" in done.stderr


def test_delete_without_a_terminal_needs_yes(isos: LabHost) -> None:
    done = isos.chyves("iso", "delete", "gold", status=4)
    assert "the same with --yes" in done.stderr
    assert "gold" in names(isos)


def test_a_dry_run_of_delete_shows_the_one_command(isos: LabHost) -> None:
    assert isos.output("iso", "delete", "-n", "gold") == "zfs destroy zroot/chyves/ISO/gold"
    assert "gold" in names(isos)


def test_snapshots_are_not_lost_without_force(isos: LabHost) -> None:
    isos.run("zfs", "snapshot", "zroot/chyves/ISO/gold@daily")
    done = isos.chyves("iso", "delete", "-y", "gold", status=4)
    assert "gold: has snapshots that would be lost: @daily" in done.stderr
    isos.chyves("iso", "delete", "-y", "gold", "force")
    assert names(isos) == ["pfSense", "pfSense-gold"]


def test_what_stands_below_a_resource_is_never_destroyed(isos: LabHost) -> None:
    isos.run("zfs", "create", "zroot/chyves/ISO/gold/mine")
    done = isos.chyves("iso", "delete", "-y", "gold", "force", status=4)
    assert "zroot/chyves/ISO/gold/mine stands below it" in done.stderr


def test_rename_moves_dataset_and_file_and_keeps_what_is_known(isos: LabHost) -> None:
    before = properties(isos, "zroot/chyves/ISO/pfSense")
    said = isos.output("iso", "rename", "pfSense", "pfSense-2.8.iso")
    assert said == "pfSense: is called pfSense-2.8.iso now"
    assert names(isos) == ["gold", "pfSense-2.8.iso", "pfSense-gold"]
    assert installed(isos, "pfSense-2.8.iso") == b"pfSense" * 1000
    assert properties(isos, "zroot/chyves/ISO/pfSense-2.8.iso") == before


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [("pfSense", "gold", 4), ("pfSense", "pfSense", 4), ("pfSens", "x", 3), ("gold", "../x", 2)],
)
def test_a_rename_that_can_not_be_changes_nothing(
    isos: LabHost, old: str, new: str, status: int
) -> None:
    before = isos.everything()
    isos.chyves("iso", "rename", old, new, status=status)
    assert isos.everything() == before


def test_a_dry_run_of_rename(isos: LabHost) -> None:
    assert isos.output("iso", "rename", "-n", "gold", "g").splitlines() == [
        "ln -f /chyves/zroot/ISO/gold/gold /chyves/zroot/ISO/gold/g",
        "zfs rename zroot/chyves/ISO/gold zroot/chyves/ISO/g",
        "rm -f /chyves/zroot/ISO/g/gold",
    ]


@pytest.mark.parametrize("words", [("delete", "-y", "gold"), ("rename", "gold", "x")])
def test_a_file_that_a_process_has_open_stays(isos: LabHost, words: tuple[str, ...]) -> None:
    with open(isos.root / "chyves" / "zroot" / "ISO" / "gold" / "gold", "rb"):
        done = isos.chyves("iso", *words, status=4)
    assert "gold: is in use, a process has it open" in done.stderr
    assert installed(isos, "gold") == b"gold" * 1000


@pytest.fixture
def guest(isos: LabHost) -> Iterator[LabHost]:
    """A guest web1 that seems to run: a process with the title that bhyve gives itself."""
    isos.chyves("web1", "create")
    (isos.root / "dev" / "vmm").mkdir(exist_ok=True)
    (isos.root / "dev" / "vmm" / "chy-web1").touch()
    with subprocess.Popen(["sleep", "300"]) as process:
        register(isos.lab, "bhyve", "bhyve: chy-web1", titled=True, pid=process.pid)
        yield isos
        process.kill()
    (isos.root / "dev" / "vmm" / "chy-web1").unlink()


def note(host: LabHost, name: str, text: str) -> None:
    """Write a file into the run folder of web1, as `start` does."""
    folder = host.root / "var" / "run" / "chyves" / "guests" / "web1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


@pytest.mark.parametrize(
    "written",
    [
        ("iso", "pfSense\n"),
        ("bhyve.argv", "-s\n3,ahci-cd,/chyves/zroot/ISO/pfSense/pfSense\nchy-web1\n"),
        ("bhyve.conf", "pci.0.3.0.port.0.path=/chyves/zroot/ISO/pfSense/pfSense\n"),
        ("loader.argv", "-d\n/chyves/zroot/ISO/pfSense/pfSense\nchy-web1\n"),
    ],
)
def test_an_iso_that_a_running_guest_was_started_with_stays(
    guest: LabHost, written: tuple[str, str]
) -> None:
    note(guest, *written)
    for words in (("delete", "-y", "pfSense", "force"), ("rename", "pfSense", "x")):
        done = guest.chyves("iso", *words, status=4)
        assert done.stderr.startswith("chyves: pfSense: is in use by web1\n")
    assert "pfSense" in names(guest)


def test_an_iso_whose_name_begins_like_the_one_in_use_is_free(guest: LabHost) -> None:
    note(guest, "iso", "pfSense-gold\n")
    note(guest, "bhyve.argv", "3,ahci-cd,/chyves/zroot/ISO/pfSense-gold/pfSense-gold\n")
    guest.chyves("iso", "delete", "-y", "pfSense")
    assert names(guest) == ["gold", "pfSense-gold"]


@pytest.fixture
def firmware(lab: LabHost, tmp_path: Path) -> LabHost:
    """A lab with two firmwares, and guests that boot with them."""
    for name in ("UEFI.fd", "UEFI.fd2"):
        lab.chyves("firmware", "import", "-q", make_file(tmp_path, name))
    lab.chyves("web1", "create", "uefi_firmware=UEFI.fd")
    lab.chyves("web2", "create", "tank", "uefi_firmware=UEFI.fd")
    lab.chyves("web3", "create", "uefi_firmware=UEFI.fd2")
    return lab


def test_a_firmware_that_guests_name_is_deleted_only_by_force(firmware: LabHost) -> None:
    done = firmware.chyves("firmware", "delete", "-y", "UEFI.fd", status=4)
    assert "UEFI.fd: is the uefi_firmware of web1, web2" in done.stderr
    firmware.chyves("firmware", "delete", "-y", "--force", "UEFI.fd")
    assert names(firmware, "firmware") == ["UEFI.fd2"]


def test_guests_follow_the_new_name_of_their_firmware(firmware: LabHost) -> None:
    firmware.chyves("firmware", "rename", "UEFI.fd", "EDK2.fd")
    named = [firmware.output(name, "get", "-H", "uefi_firmware") for name in ("web1", "web2")]
    assert named == ["EDK2.fd", "EDK2.fd"]
    assert firmware.output("web3", "get", "-H", "uefi_firmware") == "UEFI.fd2"
    assert installed(firmware, "EDK2.fd", "Firmware") == CONTENT
    assert "former_name" not in properties(firmware, "zroot/chyves/Firmware/EDK2.fd")


def test_an_iso_in_the_drive_of_a_started_guest_stays_until_the_guest_has_stopped(
    isos: LabHost,
) -> None:
    isos.chyves("web1", "create", "1G")
    isos.chyves("web1", "start", "pfSense")
    done = isos.chyves("iso", "delete", "-y", "pfSense", status=4)
    assert "pfSense: is in use by web1" in done.stderr
    isos.chyves("iso", "delete", "-y", "gold")
    isos.chyves("web1", "stop", "force")
    isos.chyves("iso", "delete", "-y", "pfSense")
    assert names(isos) == ["pfSense-gold"]
