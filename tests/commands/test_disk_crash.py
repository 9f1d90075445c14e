"""Disk commands that are killed at every call of zfs: the old disks are there, or the new ones."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.conftest import until
from tests.commands.disk_helpers import (
    WEB1,
    below,
    devices,
    disks,
    make_web,
    native,
    node,
    slots_property,
)
from tests.commands.whole_guests import own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost

CONTENT = b"#chyves-guest\nthe new image\n"
MOST_CALLS = 14


@pytest.fixture
def web(lab: LabHost) -> LabHost:
    """A lab with the guest web1, its disk0 and disk1, and a snapshot."""
    make_web(lab)
    lab.chyves("web1", "disk", "add", "1G")
    lab.chyves("web1", "set", "virtio_block_options_disk1=ro")
    lab.chyves("web1", "snapshot", "@s")
    return lab


def image(folder: Path) -> str:
    """Write an image file."""
    (folder / "new.raw").write_bytes(CONTENT)
    return str(folder / "new.raw")


def killed(lab: LabHost, call: int, *words: str) -> bool:
    """Run a disk command that is killed behind its NTH call of zfs; return whether it was."""
    fault = f"zfs:{call}:kill-after"
    done = lab.chyves("web1", "disk", *words, "-y", status=None, CHYVES_LAB_FAIL=fault)
    assert done.returncode in (0, -9), done.stderr
    return done.returncode == -9


def test_a_killed_add_leaves_a_whole_disk_or_none(web: LabHost) -> None:
    before = slots_property(web)
    for call in range(1, MOST_CALLS):
        stopped = killed(web, call, "add", "2G")
        assert slots_property(web).replace("disk2=6,", "") == before
        for disk in disks(web)[2:]:
            assert native(web, disk, "volsize")["volsize"] == str(2 << 30)
            assert own_properties(web, f"{WEB1}/{disk}")["chyves:disk_serial"]
            web.chyves("web1", "disk", "delete", disk, "-y")
        assert slots_property(web) == before
        if not stopped:
            return
    raise AssertionError("it never got to its end")


def test_a_killed_delete_is_ended_by_the_same_command(web: LabHost) -> None:
    for call in range(1, MOST_CALLS):
        stopped = killed(web, call, "delete", "disk1")
        assert "disk0" in below(web)
        assert slots_property(web).startswith("disk0=4,")
        if stopped:
            again = web.chyves("web1", "disk", "delete", "disk1", "-y", status=None)
            assert again.returncode == 0 or "there is no disk disk1" in again.stderr
        own = own_properties(web, WEB1)
        assert own["chyves:pci_slots"] == "disk0=4,tap50=16"
        assert "chyves:virtio_block_options_disk1" not in own
        assert below(web) == ["disk0", "disk0@s"]
        if not stopped:
            return
        web.chyves("web1", "disk", "add", "1G")
        web.chyves("web1", "set", "virtio_block_options_disk1=ro")
        web.run("zfs", "snapshot", f"{WEB1}/disk1@s")
        assert slots_property(web) == "disk0=4,disk1=5,tap50=16"
    raise AssertionError("it never got to its end")


def test_a_number_whose_deletion_was_interrupted_is_not_given_away(web: LabHost) -> None:
    for call in range(1, MOST_CALLS):
        assert killed(web, call, "delete", "disk1")
        if "disk1" not in below(web):
            break
    assert below(web) == ["disk0", "disk0@s"]
    assert web.output("web1", "disk", "add", "1G").startswith("web1: disk2 added")
    assert "ro" not in devices(web)["6"].split(",")
    said = web.output("web1", "disk", "delete", "disk1", "-y")
    assert said.startswith("web1: disk1: is gone, its PCI slot and options are left")
    assert web.output("web1", "disk", "add", "1G").startswith("web1: disk1 added")
    assert devices(web)["5"].startswith(f"virtio-blk,/dev/zvol/{WEB1}/disk1,ser=")


def test_a_killed_resize_leaves_the_old_size_or_the_new_one(web: LabHost) -> None:
    for call in range(1, MOST_CALLS):
        stopped = killed(web, call, "resize", "disk0", "2G")
        size = int(native(web, "disk0", "volsize")["volsize"])
        assert size in (1 << 30, 2 << 30)
        assert node(web, "disk0").stat().st_size == size
        web.chyves("web1", "disk", "resize", "disk0", "1G", "force", "-y")
        if not stopped:
            return
    raise AssertionError("it never got to its end")


def test_a_killed_import_is_a_whole_disk_or_none(web: LabHost, tmp_path: Path) -> None:
    before, file = slots_property(web), image(tmp_path)
    for call in range(1, MOST_CALLS):
        stopped = killed(web, call, "import", file)
        assert slots_property(web).replace("disk2=6,", "") == before
        web.chyves("web1", "disk", "add", "1G")
        found = disks(web)[2:]
        whole = [disk for disk in found if node(web, disk).read_bytes().startswith(CONTENT)]
        assert len(found) == len(whole) + 1
        for disk in found:
            web.chyves("web1", "disk", "delete", disk, "-y")
        assert below(web) == ["disk0", "disk0@s", "disk1", "disk1@s"]
        assert slots_property(web) == before
        if not stopped:
            assert whole
            return
    raise AssertionError("it never got to its end")


def test_a_killed_import_to_a_disk_leaves_the_old_one_or_the_new_one(
    web: LabHost, tmp_path: Path
) -> None:
    file, gaps = image(tmp_path), 0
    serial = own_properties(web, f"{WEB1}/disk0")["chyves:disk_serial"]
    for call in range(1, MOST_CALLS + 4):
        web.run("zfs", "set", "chyves:description=kept", f"{WEB1}/disk0")
        stopped = killed(web, call, "import", file, "disk0", "force")
        if "disk0" not in below(web):
            gaps += 1
            said = web.chyves("web1", "start", "-n", status=4).stderr
            assert said.startswith("chyves: web1: an import to disk0 was interrupted\n")
        web.chyves("web1", "disk", "disk1", "notes", f"call {call}")
        assert [name for name in below(web) if "@" not in name] == ["disk0", "disk1"]
        own = own_properties(web, f"{WEB1}/disk0")
        assert (own["chyves:disk_serial"], own["chyves:description"]) == (serial, "kept")
        content = node(web, "disk0").read_bytes()[: len(CONTENT)]
        if content == CONTENT:
            with open(node(web, "disk0"), "r+b") as disk:
                disk.write(b"#chyves-guest\nthe old one \n".ljust(len(CONTENT), b"."))
        else:
            assert content.startswith(b"#chyves-guest\n")
            assert "chyves:imported" not in own or b"old one" in content
        assert slots_property(web) == "disk0=4,disk1=5,tap50=16"
        if not stopped:
            assert content == CONTENT
            assert gaps
            return
    raise AssertionError("it never got to its end")


@pytest.mark.parametrize("call", range(2, 9))
def test_an_import_whose_zfs_call_fails_leaves_the_old_disk_or_the_new_one(
    web: LabHost, tmp_path: Path, call: int
) -> None:
    fault = f"zfs:{call}:fail"
    words = ("web1", "disk", "import", image(tmp_path), "disk0", "force", "-y")
    before = web.everything()
    done = web.chyves(*words, status=None, CHYVES_LAB_FAIL=fault)
    assert done.returncode == 1
    assert done.stderr.count("\n") <= 2
    content = node(web, "disk0").read_bytes()
    assert (
        content.startswith(CONTENT)
        or web.everything().replace(f"{WEB1}/disk0\tchyves:replaced\tyes\tlocal\n", "") == before
    )
    assert [name for name in below(web) if name.startswith("importing")] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_import_leaves_nothing(
    web: LabHost, tmp_path: Path, number: signal.Signals
) -> None:
    before = web.everything()
    with open(tmp_path / "huge.raw", "wb") as huge:
        huge.truncate(60 << 30)
    words = ("web1", "disk", "import", str(tmp_path / "huge.raw"))
    command = subprocess.Popen(
        [str(web.lab.bin / "chyves"), *words],
        env=web.environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: node(web, "importing-disk2").exists())
    os.kill(command.pid, number)
    _, said = command.communicate(timeout=60)
    assert (command.returncode, said) == (130, "chyves: interrupted\n")
    assert web.everything() == before


def test_during_an_import_the_guest_starts_and_its_disks_wait(web: LabHost, tmp_path: Path) -> None:
    with open(tmp_path / "huge.raw", "wb") as huge:
        huge.truncate(60 << 30)
    words = ("web1", "disk", "import", str(tmp_path / "huge.raw"))
    command = subprocess.Popen([str(web.lab.bin / "chyves"), *words], env=web.environment())
    until(lambda: node(web, "importing-disk2").exists() or command.poll() is not None)
    os.kill(command.pid, signal.SIGSTOP)
    web.chyves("web1", "start")
    said = web.chyves("web1", "disk", "add", status=4).stderr
    assert said.startswith(f"chyves: web1: is being changed by chyves disk (pid {command.pid})")
    web.chyves("web1", "stop", "force")
    os.kill(command.pid, signal.SIGCONT)
    os.kill(command.pid, signal.SIGINT)
    command.communicate(timeout=60)
    assert below(web) == ["disk0", "disk0@s", "disk1", "disk1@s"]
