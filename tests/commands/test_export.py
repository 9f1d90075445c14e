"""`chyves GUEST export`: guests written down, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.definition_files import exported, own

if TYPE_CHECKING:
    from tests.conftest import LabHost


@pytest.fixture
def guests(lab: LabHost) -> LabHost:
    """A lab with the guests web1 on zroot and web10 on tank."""
    lab.chyves("web1", "create", "1G", "cpu=2", "uefi_vnc_password=hush")
    lab.chyves("web10", "create", "2G", "tank")
    lab.forget_commands()
    return lab


def test_a_file_has_all_that_was_set_on_the_guest(guests: LabHost, tmp_path: Path) -> None:
    text = exported(guests, "web1", tmp_path / "web1.conf")
    dataset = "zroot/chyves/guests/web1"
    assert text.startswith("# Guests of chyves, for `chyves diff` and `chyves apply`")
    for name in ("uuid", "serial", "net_ifaces", "tap50_mac", "uefi_vnc_port", "cpu"):
        assert f"\n{name} = {own(guests, dataset, name)}\n" in text
    serial = own(guests, f"{dataset}/disk0", "disk_serial")
    assert text.endswith(f"\n  [[disk0]]\n  size = 1G\n  serial = {serial}\n")
    assert "\n[web1]\npool = zroot\n" in text
    assert "[web10]" not in text
    assert "version" not in text


def test_several_guests_have_a_section_each(guests: LabHost) -> None:
    text = guests.chyves("all", "export", "-").stdout
    assert text.index("[web1]\npool = zroot\n") < text.index("[web10]\npool = tank\n")
    assert guests.chyves("export", "web1,web10", "-").stdout == text


def test_a_password_is_left_out_unless_asked_for(guests: LabHost, tmp_path: Path) -> None:
    file = tmp_path / "web1.conf"
    assert "hush" not in exported(guests, "web1", file)
    assert "uefi_vnc_password" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o644
    guests.chyves("web1", "export", "--secrets", "-y", str(file))
    assert "\nuefi_vnc_password = hush\n" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    guests.chyves("web1", "export", "--secrets", str(file))
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_that_differs_is_replaced_only_with_yes(guests: LabHost, tmp_path: Path) -> None:
    file = tmp_path / "web1.conf"
    before = exported(guests, "web1", file)
    first = file.stat()
    assert guests.chyves("web1", "export", str(file)).stdout == ""
    assert file.stat().st_mtime_ns == first.st_mtime_ns
    guests.chyves("web1", "set", "cpu=3")
    said = guests.chyves("web1", "export", str(file), status=4).stderr
    assert said.splitlines()[0] == f"chyves: {file}: is there already, and differs"
    assert file.read_text() == before
    assert guests.chyves("web1", "export", "-y", str(file)).stdout == f"{file}: 1 guest\n"
    assert file.read_text() == before.replace("cpu = 2", "cpu = 3")
    assert os.listdir(tmp_path / "..") != [] and sorted(os.listdir(tmp_path)) == [
        "lab",
        "web1.conf",
    ]


def test_a_symbolic_link_stays_one(guests: LabHost, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.conf"
    link.symlink_to(tmp_path / "real" / "web1.conf")
    guests.chyves("web1", "export", str(link))
    assert link.is_symlink()
    assert "[web1]" in (tmp_path / "real" / "web1.conf").read_text()


def test_where_no_file_can_be_written(guests: LabHost, tmp_path: Path) -> None:
    for file in (str(tmp_path / "no" / "web1.conf"), f"{tmp_path}/lab/", "/dev/null"):
        done = guests.chyves("web1", "export", "-y", file, status=None)
        assert done.returncode in (1, 4)
        assert done.stderr.startswith(f"chyves: {file}: ")
        assert done.stderr.count("\n") <= 2
    assert "[web1]" not in "".join(os.listdir(tmp_path))


def test_a_dry_run_writes_nothing_and_needs_no_root(guests: LabHost, tmp_path: Path) -> None:
    file = tmp_path / "web1.conf"
    said = guests.chyves("web1", "export", "-n", str(file), CHYVES_LAB_UID="1001").stdout
    assert said.startswith(f"# write {file} (mode 0644)\n")
    assert "#   [web1]\n" in said
    assert not file.exists()


def test_export_takes_one_read_and_changes_nothing(guests: LabHost) -> None:
    guests.chyves("all", "export", "-")
    assert [argv[1] for argv in guests.commands("zfs")] == ["get"]


def test_an_unknown_guest_writes_no_file(guests: LabHost, tmp_path: Path) -> None:
    file = tmp_path / "x.conf"
    guests.chyves("web1,web", "export", str(file), status=3)
    assert not file.exists()


def test_a_value_that_set_would_refuse_is_not_exported(guests: LabHost) -> None:
    guests.run("zfs", "set", "chyves:notes=two\nlines", "zroot/chyves/guests/web1")
    done = guests.chyves("web1", "export", "-", status=1)
    assert done.stdout == ""
    assert done.stderr.startswith("chyves: web1: notes: a value can't hold line breaks")
