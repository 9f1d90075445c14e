"""Guests of chyves 0.2, the shell program: their layout becomes ours, and they stay in place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.whole_guests import own_properties
from tests.conftest import LabHost, make_lab
from tests.migration.hosts.chyves_sh import GLOBAL, ChyvesSh, fill
from tests.migration.looking import planned
from tests.migration.seen import see

WORDS = ("import", "chyves-sh", "-y")


@pytest.fixture
def sh(empty_lab: LabHost) -> ChyvesSh:
    """chyves 0.2 with three guests, one of them a template."""
    sh = ChyvesSh(empty_lab.run, empty_lab.root, "zroot")
    fill(sh)
    return sh


def test_guests_see_the_same_machine(empty_lab: LabHost, sh: ChyvesSh) -> None:
    lab = empty_lab
    old = {name: see(sh.line(name)) for name in ("web", "inner")}
    files = sh.path("guests/web/.config/.cfg").read_text()
    guid = lab.run("zfs", "get", "-H", "-o", "value", "guid", "zroot/chyves/guests/web/disk1@a")
    shown = lab.chyves(*WORDS).stdout
    assert "global: check_for_updates=weekly is not carried over" in shown
    assert lab.output("list", "-H", "-o", "name,rcboot,description").split("\n") == [
        "gold\t0\t-",
        "inner\t0\t-",
        "web\t7\tit's = 'ours' ü",
    ]
    for name, seen in old.items():
        new = see(planned(lab, name)[name])
        assert (new.devices, new.uuid, new.flags) == (seen.devices, seen.uuid, seen.flags)
        assert (new.cpu, new.ram) == (seen.cpu, seen.ram)
    assert lab.output("inner", "get", "-H", "tap51_bridge") == "bridge1"
    assert lab.output("global", "get", "-H", "console_start_offset") == "70"
    assert lab.output("defaults", "get", "-H", "cpu") == "2"
    lab.chyves("gold", "start", status=4)
    assert sh.path("guests/web/.config/.cfg").read_text() == files
    same = lab.run("zfs", "get", "-H", "-o", "value", "guid", "zroot/chyves/guests/web/disk1@a")
    assert same.stdout == guid.stdout
    assert lab.output("iso", "list", "-H", "-o", "name") == "null.iso"
    assert lab.output("doctor") == "nothing is wrong"


def test_a_killed_import_goes_on(empty_lab: LabHost, sh: ChyvesSh) -> None:
    lab, status, call = empty_lab, -9, 2
    while status == -9:
        fault = f"zfs:{call}:kill-after"
        done = lab.chyves(*WORDS, "-q", status=None, CHYVES_LAB_FAIL=fault)
        status, call = done.returncode, call + 2
    assert status == 0, done.stderr
    lab.chyves(*WORDS, "-q")
    assert lab.output("list", "-H", "-o", "name").split() == ["gold", "inner", "web"]
    assert lab.output("doctor") == "nothing is wrong"


def test_a_newer_guest_and_one_that_runs_are_refused(empty_lab: LabHost, sh: ChyvesSh) -> None:
    lab = empty_lab
    file = "guests/web/.config/.cfg"
    sh.write(file, {**sh.read(file), "chyves_guest_version": "0400"})
    (lab.root / "dev/vmm").mkdir(exist_ok=True)
    (lab.root / "dev/vmm/chy-inner").write_text("")
    before = lab.everything()
    told = lab.chyves(*WORDS, status=4).stdout
    assert "web: has guest version 0400" in told and "inner: /dev/vmm/chy-inner is there" in told
    assert lab.everything() == before


def test_older_guests_have_properties_instead_of_files(empty_lab: LabHost) -> None:
    lab = empty_lab
    sh = ChyvesSh(lab.run, lab.root, "zroot")
    sh.create_before_files("old")
    lab.chyves(*WORDS, "-q")
    own = own_properties(lab, "zroot/chyves/guests/old")
    assert (own["chyves:serial"], own["chyves:chyves_guest_version"]) == ("nmdm50", "1")
    assert (own["chyves:net_ifaces"], own["chyves:pcidev_1"]) == ("tap50", "virtio-rnd")
    assert own["chyves:virtio_block_options_disk0"] == "nocache"
    assert lab.output("old", "get", "-H", "cpu") == "2"


def test_a_layout_without_guests_becomes_ours_too(empty_lab: LabHost) -> None:
    ChyvesSh(empty_lab.run, empty_lab.root, "zroot")
    empty_lab.chyves(*WORDS, "-q")
    assert empty_lab.output("defaults", "get", "-H", "cpu") == "2"
    empty_lab.chyves("web", "create", "16M")


@pytest.mark.parametrize("release", ["14.2", "12.4"])
def test_consolidated_devices_and_images_keep_their_places(tmp_path: Path, release: str) -> None:
    lab = make_lab(tmp_path / "lab", freebsd=release)
    sh = ChyvesSh(lab.run, lab.root, "zroot")
    sh.write(".config/global.cfg", {**GLOBAL, "consolidate_bhyve_pci_devices": "yes"})
    osreldate = int(lab.run("sysctl", "-n", "kern.osreldate").stdout)
    more = {"pcidev_1": "virtio-rnd", "disk1_notes": "a = b", "disk0_description": "it's it"}
    sh.create("web", net_ifaces="tap50,vale0:2,tap60", **more)
    sh.create("fast", bhyve_disk_type="virtio-blk", virtio_block_options_disk0="nocache")
    # A volume with another name can't have a port of a controller.
    for disk in ("disk1", "disk10", *(["data"] if release == "14.2" else [])):
        sh.add_disk("web", disk)
    sh.add_disk("fast", "disk1")
    for name in ("b.img", "a.img"):
        sh.path(f"guests/web/img/{name}").write_bytes(b"i" * 4096)
    old = {name: see(sh.line(name, osreldate)) for name in ("web", "fast")}
    shown = lab.chyves(*WORDS).stdout
    (lab.root / "dev/netmap").write_text("")
    for name, seen in old.items():
        assert see(planned(lab, name)[name]).devices == seen.devices
    disks = [own_properties(lab, f"zroot/chyves/guests/web/disk{n}") for n in (0, 1)]
    assert (disks[0]["chyves:description"], disks[1]["chyves:notes"]) == ("it's it", "a = b")
    assert "boots img/" in shown
    assert lab.output("web", "get", "-H", "bhyveload_disks") == "first"
    lab.stop_everything()
