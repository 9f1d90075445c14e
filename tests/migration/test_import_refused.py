"""Imports that can't be, and what is said; what stands in the way is all found before anything."""

from __future__ import annotations

import json
import subprocess

import pytest

from chyves_core.lab.host.processes import Process, vitals
from tests.commands.whole_guests import make_whole_guests, own_properties
from tests.conftest import LabHost
from tests.migration.hosts.iohyve import Iohyve
from tests.migration.looking import below


@pytest.fixture
def io(lab: LabHost) -> Iohyve:
    """iohyve with the guests web, web2 and web-old."""
    io = Iohyve(lab.run, "zroot")
    for name in ("web", "web2", "web-old"):
        io.create(name)
    return io


def refused(lab: LabHost, *words: str, status: int = 4) -> str:
    """Return what an import that is refused says; it has changed nothing."""
    before = lab.everything()
    done = lab.chyves("import", "iohyve", *words, status=status)
    assert lab.everything() == before
    return done.stdout + done.stderr


def test_only_the_guest_that_was_named_comes(lab: LabHost, io: Iohyve) -> None:
    lab.chyves("import", "iohyve", "web", "-y")
    assert lab.output("list", "-H", "-o", "name") == "web"
    assert "did you mean web" in refused(lab, "web3", "-y", status=3)
    done = lab.chyves("import", "iohyve", "web", "-y")
    assert done.stdout.splitlines()[-1] == "there is nothing to import"


def test_a_dry_run_shows_everything_and_does_nothing(lab: LabHost, io: Iohyve) -> None:
    shown = refused(lab, "-n", status=0)
    assert all(line.startswith(("# ", "zfs ")) for line in shown.splitlines())
    assert "zfs rename zroot/iohyve/web2 zroot/chyves/guests/web2\n" in shown


def test_without_a_terminal_nothing_is_done(lab: LabHost, io: Iohyve) -> None:
    assert "There is no terminal to ask on" in refused(lab)


def test_all_that_stands_in_the_way_is_told_at_once(lab: LabHost, io: Iohyve) -> None:
    make_whole_guests(lab, ["web"])
    lab.run("zfs", "create", "zroot/chyves/guests/web2")
    io.create("start")
    Iohyve(lab.run, "tank", mountpoint="/iohyve/tank", first=9).create("web-old")
    vmm = lab.root / "dev/vmm"
    vmm.mkdir(exist_ok=True)
    (vmm / "ioh-web2").write_text("")
    told = refused(lab, "-y")
    assert "start: is a word of the command line" in told
    assert "web: there is such a guest already, zroot/chyves/guests/web" in told
    assert "web2: zroot/chyves/guests/web2 is there, and is not a guest" in told
    assert "web2: /dev/vmm/ioh-web2 is there (bhyvectl --destroy --vm=ioh-web2)" in told
    assert "web-old: there are two of this name, " in told
    conflicts = json.loads(lab.output("import", "iohyve", "--json"))["conflicts"]
    assert {each["guest"] for each in conflicts} == {"start", "web", "web2", "web-old"}
    lab.chyves("import", "iohyve", "web-old", "--pool", "tank", "-y")
    assert "tank/chyves/guests/web-old" in lab.datasets()


def test_a_guest_that_runs_is_refused_by_its_name(lab: LabHost, io: Iohyve) -> None:
    with subprocess.Popen(["sleep", "60"]) as running:
        state = vitals(running.pid)
        assert state
        process = Process(running.pid, state.started, "bhyve", "bhyve: ioh-web", True, False)
        folder = lab.lab.run / "processes"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{running.pid}.json").write_text(json.dumps(process))
        told = refused(lab, "-y")
        running.kill()
    assert f"web: is running, process {running.pid} (iohyve stop web)" in told
    assert "web2: is running" not in told


def test_a_pool_without_chyves_is_named(empty_lab: LabHost) -> None:
    empty_lab.chyves("dataset", "zroot", "install")
    io = Iohyve(empty_lab.run, "tank")
    io.create("web")
    assert "chyves dataset tank install" in refused(empty_lab, "-y")
    empty_lab.chyves("import", "iohyve", "--copy", "-yq")
    assert "zroot/chyves/guests/web" in empty_lab.datasets()


def test_a_number_that_a_guest_has_already_is_another_one_here(lab: LabHost, io: Iohyve) -> None:
    make_whole_guests(lab, ["mine"], net_ifaces="tap1", serial="nmdm1", uefi_vnc_port="5900")
    io.set("web2", loader="uefi", vnc="YES", fw="x", vnc_port="5900")
    shown = lab.chyves("import", "iohyve", "-y").stdout
    assert shown.count("a guest here has it already") == 3
    web2 = own_properties(lab, "zroot/chyves/guests/web2")
    assert (web2["chyves:net_ifaces"], web2["chyves:serial"]) == ("tap50", "nmdm50")
    assert web2["chyves:uefi_vnc_port"] not in (
        "5900",
        own_properties(lab, "zroot/chyves/guests/web")["chyves:uefi_vnc_port"],
    )
    assert lab.output("doctor") == "nothing is wrong"


def test_copies_of_guests_are_no_guests_and_are_told(lab: LabHost, io: Iohyve) -> None:
    lab.run("zfs", "create", "-p", "tank/iohyve/backup")
    io.snap("web", "r")
    lab.run("sh", "-c", "zfs send -R zroot/iohyve/web@r | zfs recv tank/iohyve/backup/web")
    lab.run("sysrc", "iohyve_enable=YES", "iohyve_flags=pool=zroot kmod=1 net=em0")
    shown = lab.chyves("import", "iohyve", "-y").stdout
    assert "tank/iohyve/backup/web: has a guest's name and lies deeper" in shown
    assert "sysrc iohyve_enable=NO" in shown
    assert lab.output("list", "-H", "-o", "name").split() == ["web", "web-old", "web2"]
    assert lab.output("global", "get", "-H", "bridge0_phy_attach") == "em0"
    assert "tank/iohyve/backup/web" in lab.datasets()
    found = lab.chyves("doctor", status=1).stdout
    assert "guests came from iohyve, and iohyve_enable=YES: both would start them" in found
    lab.run("sysrc", "iohyve_enable=NO")
    assert "iohyve" not in lab.chyves("doctor", status=None).stdout


def test_a_received_guest_is_one(lab: LabHost, io: Iohyve) -> None:
    io.snap("web", "r")
    lab.run("zfs", "create", "tank/iohyve")
    lab.run("sh", "-c", "zfs send -R zroot/iohyve/web@r | zfs recv tank/iohyve/web")
    assert "there are two of this name" in refused(lab, "web", "-y")
    lab.chyves("import", "iohyve", "web", "--pool", "tank", "-y")
    assert lab.output("web", "get", "-H", "imported_from") == "iohyve tank/iohyve/web"


def test_a_copy_leaves_the_source_as_it_was(lab: LabHost, io: Iohyve) -> None:
    io.snap("web", "a")
    before = below(lab, "zroot/iohyve")
    lab.chyves("import", "iohyve", "web", "--copy", "-yq")
    assert below(lab, "zroot/iohyve") == before
    assert "zroot/chyves/guests/web/disk0@a" in lab.datasets()
    assert not any("chyves-import" in name for name in lab.datasets())
    named = lab.run("zfs", "get", "-H", "-o", "name", "-s", "local,received", "iohyve:name").stdout
    assert "chyves/guests" not in named
    assert "there is nothing to import" in lab.chyves("import", "iohyve", "web", "-y").stdout


def test_cleaning_takes_the_old_properties_off_and_the_way_back_is_open(
    lab: LabHost, io: Iohyve
) -> None:
    io.set("web", cpu="2")
    lab.chyves("import", "iohyve", "web", "--clean", "-yq")
    assert not any(
        "iohyve:" in line for line in lab.everything().split("\n") if "guests/web" in line
    )
    lab.chyves("export", "--to", "iohyve", "web", "-yq")
    argv = ("zfs", "get", "-H", "-o", "value", "iohyve:cpu,iohyve:tap,iohyve:con")
    assert lab.run(*argv, "zroot/iohyve/web").stdout.split() == ["2", "tap0", "nmdm0"]


def test_a_clone_of_a_guest_that_came_is_not_taken_for_it(lab: LabHost, io: Iohyve) -> None:
    lab.chyves("import", "iohyve", "web", "-yq")
    lab.chyves("web", "clone", "twin", "-iu")
    lab.chyves("export", "--to", "iohyve", "web", "-yq")
    lab.chyves("import", "iohyve", "web", "-yq")
    assert lab.output("list", "-H", "-o", "name").split() == ["twin", "web"]
