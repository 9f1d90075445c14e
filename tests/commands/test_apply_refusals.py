"""What `chyves apply` and `diff` refuse: nothing at all is changed then."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.definition_files import write
from tests.conftest import LabHost

# A change that would be made if the rest of the file were right.
GOOD = ("[pfSense-gold]", "cpu = 2")


@pytest.fixture(scope="module")
def shared(lab_template: Path, tmp_path_factory: pytest.TempPathFactory) -> LabHost:
    """A lab with two guests, for tests that change nothing."""
    folder = tmp_path_factory.mktemp("refusals") / "lab"
    shutil.copytree(lab_template, folder, symlinks=True)
    host = LabHost(folder)
    host.chyves("pfSense,pfSense-gold", "create", "2G")
    host.chyves("pfSense", "set", "uuid=11111111-1111-4111-8111-111111111111")
    serial = "chyves:disk_serial=FIRST"
    host.run("zfs", "set", serial, "zroot/chyves/guests/pfSense/disk0")
    host.chyves("pfSense", "set", "tap50_mac=02:00:00:00:00:01")
    return host


@pytest.fixture
def unchanged(shared: LabHost) -> Iterator[LabHost]:
    """The lab, in which nothing may have changed at the end."""
    before = shared.everything()
    yield shared
    assert shared.everything() == before


def refused(host: LabHost, *words: str, status: int) -> str:
    """Return what apply says when it refuses: one line, and one that helps at most."""
    done = host.chyves("apply", "-y", *words, status=status)
    lines = done.stderr.splitlines()
    assert lines[0].startswith("chyves: ")
    assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("        "))
    assert done.stdout == ""
    return done.stderr


WRONG = [
    (("[web1]", "cpu = many"), 2, "[web1] cpu=many: must be"),
    (("[web1]", "colour = red"), 2, "[web1] there is no guest property 'colour'"),
    (("[web1]", "uefi_vnc_password = 'a,b'"), 2, "[web1] uefi_vnc_password=***: a password"),
    (("[web1]", "notes = 'a\tb'"), 2, "[web1] notes: a value can't hold"),
    (("[web1]", f"notes = {'x' * 8192}"), 2, "[web1] notes: the value has 8192 bytes"),
    (("[web1]", "chyves_guest_version = 1"), 4, "[web1] chyves_guest_version: chyves keeps"),
    (("[web1]", "pci_slots = disk0"), 2, "[web1] pci_slots=disk0: must be"),
    (("[web1]", "net_ifaces = em0"), 2, "[web1] net_ifaces=em0: "),
    (("[web1]", "[[disk0]]", "size = big"), 2, "[web1] [[disk0]] big: a disk's size"),
    (("[web1]", "[[disk0]]", "serial = 'a,b'"), 2, "[web1] [[disk0]] serial=a,b: "),
    (("[web1]", "[[disk0]]", "options = fast"), 2, "[web1] virtio_block_options_disk0=fast: "),
    (("[web1]", "[[cpu]]"), 2, "[web1] [[cpu]] is no section"),
    (("[web1]", "pool = nopool"), 3, "[web1] nopool: there is no such pool"),
    (("[create]",), 2, "[create] is a word of the command line"),
    (
        ("[web1]", "revert_to_snapshot = @x"),
        3,
        "[web1] there is no snapshot @x",
    ),
    (
        ("[pfSense]", "revert_to_snapshot = @x", "revert_to_snapshot_method = both"),
        3,
        "[pfSense] there is no snapshot @x",
    ),
    (
        ("[pfSense]", "revert_to_snapshot_method = both"),
        2,
        "[pfSense] no snapshot is named that it could go back to",
    ),
    (("[pfSense]", "pool = tank"), 4, "[pfSense] pool = tank: the guest is on zroot"),
    (("[pfSense]", "[[disk0]]", "size = 1G"), 4, "[pfSense] [[disk0]] size = 1G: it has 2G"),
    (("[pfSense]", "pci_slots = tap50=4"), 4, "[pfSense] pci_slots: disk0 keeps the slot 4"),
]


@pytest.mark.parametrize(("lines", "status", "reason"), WRONG, ids=lambda each: str(each)[:40])
def test_one_wrong_section_stops_all(
    unchanged: LabHost, tmp_path: Path, lines: tuple[str, ...], status: int, reason: str
) -> None:
    file = write(tmp_path, *GOOD, *lines)
    assert f"chyves: {file}: {reason}" in refused(unchanged, file, status=status)


TAKEN = [
    ("uuid = 11111111-1111-4111-8111-111111111111", "uuid=11111111-1111-4111-8111-111111111111"),
    ("serial = nmdm50", "serial=nmdm50"),
    ("tap9_mac = 02:00:00:00:00:01", "tap9_mac=02:00:00:00:00:01"),
    ("uefi_vnc_port = 5900", "uefi_vnc_port=5900"),
    ("net_ifaces = 'tap9,tap50'", "tap50"),
    ("[[disk0]]\nserial = FIRST", "disk0 serial=FIRST"),
]


@pytest.mark.parametrize(("line", "shown"), TAKEN)
@pytest.mark.parametrize("guest", ["web1", "pfSense-gold"])
def test_the_identity_of_another_guest_is_not_given_again(
    unchanged: LabHost, tmp_path: Path, guest: str, line: str, shown: str
) -> None:
    said = refused(unchanged, write(tmp_path, f"[{guest}]", line), status=4)
    assert said.splitlines()[0].startswith(f"chyves: {guest}: {shown} is taken by pfSense")


def test_two_sections_can_not_have_one_identity(unchanged: LabHost, tmp_path: Path) -> None:
    for line, words in (
        ("uuid = 22222222-2222-4222-8222-222222222222", "no two guests can have the same value"),
        ("net_ifaces = tap9", "net_ifaces=tap9: no two guests"),
        ("[[disk0]]\nserial = S", "serial=S is taken by"),
    ):
        said = refused(unchanged, write(tmp_path, "[a]", line, "[b]", line), status=4)
        assert words in said
    file = write(tmp_path, "[a]", "net_ifaces = 'tap8,tap9'", "[b]", "net_ifaces = tap9")
    assert "b: tap9 is taken by a" in refused(unchanged, file, status=4)


def test_a_guest_is_defined_once(unchanged: LabHost, tmp_path: Path) -> None:
    first = write(tmp_path, *GOOD)
    second = write(tmp_path, "[web1]", *GOOD, name="second.conf")
    said = refused(unchanged, first, second, status=2)
    assert said == f"chyves: {second}: [pfSense-gold] is defined in {first} already\n"


def test_disks_that_a_file_does_not_have_are_never_deleted(
    unchanged: LabHost, tmp_path: Path
) -> None:
    file = write(tmp_path, *GOOD, "disks = none")
    assert "-disk0 size = 2G\n" in unchanged.chyves("diff", "--exact", file, status=1).stdout
    said = refused(unchanged, "--exact", file, status=4)
    assert "does not have disk0 (2G), which is never deleted from a file" in said


def test_files_that_can_not_be_read(unchanged: LabHost, tmp_path: Path) -> None:
    (tmp_path / "latin1.conf").write_bytes(b"[web1]\nnotes = \xe4\n")
    for name, status in (("no.conf", 3), ("latin1.conf", 2), ("lab", 1)):
        (tmp_path / "lab").mkdir(exist_ok=True)
        said = refused(unchanged, write(tmp_path, *GOOD), str(tmp_path / name), status=status)
        assert said.startswith(f"chyves: {tmp_path / name}: ")
    assert "chyves apply [" in refused(unchanged, status=2)


def test_trouble_of_diff_is_two_or_more(unchanged: LabHost, tmp_path: Path) -> None:
    file = write(tmp_path, "[web1]", "cpu = many")
    assert unchanged.chyves("diff", file, status=2).stdout == ""
    unchanged.chyves("diff", str(tmp_path / "no.conf"), status=3)
    file = write(tmp_path, *GOOD)
    done = unchanged.chyves("diff", file, status=2, CHYVES_LAB_FAIL="zfs:1:fail")
    assert done.stderr.startswith("chyves: zfs: ")
    unchanged.chyves("diff", "-q", file, status=1)


def test_only_root_applies(unchanged: LabHost, tmp_path: Path) -> None:
    file = write(tmp_path, *GOOD)
    unchanged.chyves("apply", "-y", file, status=1, CHYVES_LAB_UID="1001")
    unchanged.chyves("diff", file, status=1, CHYVES_LAB_UID="1001")


def test_a_property_that_chyves_does_not_know_can_be_allowed(lab: LabHost, tmp_path: Path) -> None:
    lab.chyves("global", "set", "restrict_new_property_names=off")
    file = write(tmp_path, "[web1]", "team:colour = red")
    lab.chyves("apply", "-y", file)
    assert "\nteam:colour = red\n" in lab.chyves("web1", "export", "-").stdout
    lab.chyves("web1", "set", "pool=x")
    said = lab.chyves("web1", "export", "-", status=4).stderr
    assert "chyves web1 unset pool" in said


def test_the_disks_of_a_template_stay_as_they_are(lab: LabHost, tmp_path: Path) -> None:
    lab.chyves("gold", "create", "1G", "template=yes")
    file = tmp_path / "gold.conf"
    file.write_text("[gold]\n[[disk0]]\nsize = 2G\n")
    assert "is a template" in lab.chyves("apply", "-y", str(file), status=4).stderr
