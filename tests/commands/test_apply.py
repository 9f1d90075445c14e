"""`chyves diff` and `chyves apply`: guests become what files say, and stay so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.commands.conftest import import_script
from tests.commands.definition_files import changes, edit, exported, own, size, write

if TYPE_CHECKING:
    from tests.conftest import LabHost

WEB1, WEB10 = "zroot/chyves/guests/web1", "tank/chyves/guests/web10"


@pytest.fixture
def guests(lab: LabHost) -> LabHost:
    """A lab with the guests web1 on zroot and web10 on tank."""
    lab.chyves("web1", "create", "1G", "uefi_vnc_password=hush", "eject_iso_on_n_reboot=2")
    lab.chyves("web10", "create", "1G", "tank")
    lab.forget_commands()
    return lab


def test_what_was_exported_does_not_differ(guests: LabHost, tmp_path: Path) -> None:
    file = tmp_path / "all.conf"
    exported(guests, "all", file)
    guests.forget_commands()
    for command in ("diff", "apply"):
        for option in ("-q", "--exact"):
            done = guests.chyves(command, option, str(file))
            assert (done.stdout, done.stderr) == ("", "")
    assert changes(guests) == []


def test_awkward_values_come_back_whole(guests: LabHost, tmp_path: Path) -> None:
    values = ('  it\'s "it" = $HOME, %(x)s # ü漢 ', "x" * 8191, "'", "a,b=c", "")
    for number, value in enumerate(values):
        guests.chyves("web1", "set", f"notes={value}", f"description=d{number}")
        exported(guests, "web1", tmp_path / "web1.conf")
        guests.chyves("web1", "set", "notes=lost")
        guests.chyves("apply", "-y", str(tmp_path / "web1.conf"))
        assert guests.chyves("web1", "get", "-H", "notes").stdout == f"{value}\n"


def test_differences_are_shown_like_diff_and_applied_once(guests: LabHost, tmp_path: Path) -> None:
    file = tmp_path / "web.conf"
    exported(guests, "web1,web10", file)
    edit(file, ("cpu = 1\n", "cpu = 2\n"), ("size = 1G\n", "size = 2G\n  notes = root\n"))
    parts = [
        f"--- {name} (this host)\n+++ {name} ({file})\n"
        "-cpu = 1\n+cpu = 2\n-disk0 size = 1G\n+disk0 size = 2G\n+disk0 notes = root\n"
        for name in ("web1", "web10")
    ]
    before = guests.everything()
    done = guests.chyves("diff", str(file), status=1)
    assert (done.stdout, done.stderr) == ("".join(parts), "")
    assert guests.everything() == before
    done = guests.chyves("apply", "-y", str(file))
    assert done.stdout == "".join(parts) + "web1: changed\nweb10: changed\n"
    assert (own(guests, WEB1, "cpu"), size(guests, f"{WEB10}/disk0")) == ("2", 2 << 30)
    assert own(guests, f"{WEB1}/disk0", "notes") == "root"
    guests.forget_commands()
    assert guests.chyves("apply", str(file)).stdout == ""
    assert changes(guests) == []
    guests.chyves("diff", str(file))


def test_what_a_file_does_not_name_stays_unless_it_is_to_be_exact(
    guests: LabHost, tmp_path: Path
) -> None:
    guests.chyves("web1", "set", "pcidev_1=passthru,2/0/0", "notes=mine")
    file = write(tmp_path, "[web1]", "cpu = 2", "[[disk0]]")
    assert guests.chyves("diff", file, status=1).stdout.splitlines()[2:] == ["-cpu = 1", "+cpu = 2"]
    guests.chyves("apply", "-y", file)
    assert own(guests, WEB1, "pcidev_1") == "passthru,2/0/0"
    done = guests.chyves("diff", "--exact", file, status=1)
    gone = ["-eject_iso_on_n_reboot = 2", "-pcidev_1 = passthru,2/0/0"]
    assert done.stdout.splitlines()[2:] == gone
    guests.chyves("apply", "-y", "--exact", file)
    assert own(guests, WEB1, "pcidev_1") == own(guests, WEB1, "eject_iso_on_n_reboot") == "-"
    # What makes up the guest stays.
    for name in ("tap50_mac", "tap50_bridge", "uefi_vnc_port", "uuid"):
        assert own(guests, WEB1, name) != "-"
    assert own(guests, WEB1, "notes") == "mine"
    assert guests.chyves("apply", "--exact", file).stdout == ""


def test_a_password_stays_and_is_never_shown(guests: LabHost, tmp_path: Path) -> None:
    file = tmp_path / "web1.conf"
    exported(guests, "web1", file)
    guests.chyves("apply", "-y", "--exact", str(file))
    assert own(guests, WEB1, "uefi_vnc_password") == "hush"
    edit(file, ("cpu = 1", "uefi_vnc_password = other"))
    done = guests.chyves("apply", "-y", str(file))
    assert "-uefi_vnc_password = ***\n+uefi_vnc_password = ***\n" in done.stdout
    assert "other" not in done.stdout + done.stderr
    assert own(guests, WEB1, "uefi_vnc_password") == "other"


def test_a_guest_comes_back_with_the_identity_it_had(guests: LabHost, tmp_path: Path) -> None:
    guests.chyves("web1", "set", "virtio_block_options_disk0=nocache,direct", "groups=b,a")
    text = exported(guests, "all", tmp_path / "all.conf")
    for name in ("web1", "web10"):
        guests.chyves(name, "delete", "-y")
    done = guests.chyves("apply", "-y", str(tmp_path / "all.conf"))
    assert done.stdout.endswith("web1: created on zroot\nweb10: created on tank\n")
    assert exported(guests, "all", tmp_path / "again.conf") == text
    guests.chyves("diff", "--exact", str(tmp_path / "all.conf"))


def test_what_a_new_guest_is_not_given_is_made_up(guests: LabHost, tmp_path: Path) -> None:
    file = write(
        tmp_path,
        *("[a]", "ram = 1G", "[b]", "serial = nmdm52", "net_ifaces = 'tap7,tap8'"),
        *("tap7_mac = 02:00:00:00:00:07", "pci_slots = tap8=20", "pool = tank"),
        *("[[disk1]]", "size = 3G", "serial = S1", "[c]", "disks = none", "template = yes"),
    )
    guests.chyves("apply", "-y", file)
    a, b, c = "zroot/chyves/guests/a", "tank/chyves/guests/b", "zroot/chyves/guests/c"
    assert (own(guests, a, "ram"), size(guests, f"{a}/disk0")) == ("1G", 8 << 30)
    # nmdm52 is b's, though a comes first.
    assert (own(guests, a, "serial"), own(guests, b, "serial")) == ("nmdm53", "nmdm52")
    assert own(guests, a, "net_ifaces") == "tap52"
    assert own(guests, b, "tap7_mac") == "02:00:00:00:00:07"
    assert own(guests, b, "tap8_mac").startswith("58:9c:fd:")
    assert own(guests, b, "pci_slots") == "disk1=4,tap7=16,tap8=20"
    assert own(guests, f"{b}/disk1", "disk_serial") == "S1"
    assert f"{b}/disk0" not in guests.datasets()
    assert f"{c}/disk0" not in guests.datasets()
    assert guests.run("zfs", "get", "-H", "-o", "value", "readonly", c).stdout == "on\n"
    assert guests.chyves("apply", file).stdout == ""


def test_new_disks_and_interfaces_get_slots_and_the_others_keep_theirs(
    guests: LabHost, tmp_path: Path
) -> None:
    file = tmp_path / "web1.conf"
    exported(guests, "web1", file)
    mac = own(guests, WEB1, "tap50_mac")
    edit(file, ("net_ifaces = tap50", 'net_ifaces = "tap60,tap50"'))
    with open(file, "a", encoding="utf-8") as text:
        text.write("  [[disk1]]\n  size = 2G\n  description = data\n")
    guests.chyves("apply", "-y", str(file))
    assert own(guests, WEB1, "pci_slots") == "disk0=4,disk1=5,tap50=16,tap60=17"
    assert own(guests, WEB1, "tap50_mac") == mac
    assert own(guests, WEB1, "tap60_mac") != "-"
    assert own(guests, WEB1, "tap60_bridge") == "bridge0"
    assert own(guests, f"{WEB1}/disk1", "description") == "data"
    edit(file, ('net_ifaces = "tap60,tap50"', "net_ifaces = tap50"))
    guests.chyves("apply", "-y", str(file))
    assert own(guests, WEB1, "pci_slots") == "disk0=4,disk1=5,tap50=16"
    assert guests.chyves("apply", str(file)).stdout == ""


def test_a_running_guest_is_changed_for_its_next_start(guests: LabHost, tmp_path: Path) -> None:
    import_script(guests, tmp_path, "os.iso")
    guests.chyves("web1", "start", "os.iso")
    file = write(tmp_path, "[web1]", "cpu = 2", "[[disk0]]", "size = 3G", "[web10]", "cpu = 2")
    said = guests.chyves("apply", "-y", file).stdout
    assert said.endswith(
        "web1: changed; it is running, and that counts from its next start\nweb10: changed\n"
    )
    assert size(guests, f"{WEB1}/disk0") == 3 << 30
    before = guests.everything()
    file = write(tmp_path, "[web10]", "cpu = 3", "[web1]", "template = yes")
    done = guests.chyves("apply", "-y", file, status=4)
    assert done.stderr.startswith(f"chyves: {file}: [web1] is running\n")
    assert guests.everything() == before


def test_a_dry_run_prints_the_calls_and_does_none(guests: LabHost, tmp_path: Path) -> None:
    file = write(tmp_path, "[web1]", "cpu = 2", "[[disk0]]", "size = 2G", "notes = x", "[[disk1]]")
    before = guests.everything()
    lines = guests.chyves("apply", "-n", file, CHYVES_LAB_UID="1001").stdout.splitlines()
    assert lines[:2] == [
        f"zfs set chyves:cpu=2 chyves:pci_slots=disk0=4,disk1=5,tap50=16 {WEB1}",
        f"zfs set volsize=2147483648 chyves:notes=x {WEB1}/disk0",
    ]
    assert lines[2].startswith("zfs create -o volmode=dev -o chyves:disk_serial=CHY")
    assert lines[2].endswith(f" -V 8589934592 {WEB1}/disk1")
    assert len(lines) == 3
    assert guests.everything() == before


def test_without_a_terminal_it_shows_and_refuses_unless_yes(
    guests: LabHost, tmp_path: Path
) -> None:
    file = write(tmp_path, "[web1]", "cpu = 2")
    before = guests.everything()
    done = guests.chyves("apply", file, status=4)
    assert done.stdout.endswith("-cpu = 1\n+cpu = 2\n")
    assert "the same with --yes" in done.stderr
    assert guests.everything() == before


def test_on_a_terminal_it_asks_and_does_only_what_was_shown(
    guests: LabHost, tmp_path: Path
) -> None:
    file = write(tmp_path, "[web1]", "cpu = 2")
    for answer, meanwhile, status, said in (
        ("n", False, 4, "nothing was changed"),
        ("y", False, 0, "web1: changed"),
        ("y", True, 4, "have changed in the meantime, nothing was done"),
    ):
        guests.chyves("web1", "set", "cpu=1")
        command = pexpect.spawn(
            str(guests.lab.bin / "chyves"),
            ["apply", file],
            env=guests.environment(),
            encoding="utf-8",
            timeout=60,
        )
        command.expect_exact("+cpu = 2\r\nMake the guests like this? [y/N] ")
        if meanwhile:
            guests.chyves("web1", "set", "cpu=3")
        command.sendline(answer)
        command.expect(pexpect.EOF)
        command.close()
        assert said in command.before
        assert command.exitstatus == status


def test_standard_input_is_a_file_too(guests: LabHost) -> None:
    chyves = str(guests.lab.bin / "chyves")
    done = guests.run(chyves, "diff", "-", stdin="[web1]\ncpu = 2\n", status=1)
    assert done.stdout.splitlines()[1] == "+++ web1 (standard input)"
    guests.run(chyves, "apply", "-qy", "-", stdin="[web1]\ncpu = 2\n")
    assert own(guests, WEB1, "cpu") == "2"


def test_a_guest_on_two_pools_is_not_guessed(guests: LabHost, tmp_path: Path) -> None:
    guests.run("zfs", "create", "-o", "chyves:chyves_guest_version=1", "tank/chyves/guests/web1")
    for command in ("diff", "apply"):
        done = guests.chyves(command, write(tmp_path, "[web1]", "cpu = 2"), status=4)
        assert "there are 2 guests of this name" in done.stderr
