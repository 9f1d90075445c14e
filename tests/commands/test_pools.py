"""Pools go out of use and come back, copies are told from originals, and layouts have versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chyves_core.header import read_header
from tests.commands.layouts import copy_layout, names, states
from tests.commands.whole_guests import make_bootable, make_whole_guests
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import LabHost


def test_a_pool_goes_out_of_use_and_comes_back_as_it_was(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    make_whole_guests(lab, ["mail"], pool="tank", first=5)
    lab.chyves("web1", "set", "pcidev_1=ahci-hd,/dev/zvol/tank/chyves/guests/mail/disk0")
    before = lab.everything()
    printed = lab.output("dataset", "tank", "offline", "-n").split("\n")
    assert printed[-1] == "zfs rename tank/chyves tank/chyves_offline"
    assert lab.everything() == before
    said = lab.output("dataset", "tank", "offline")
    assert "web1: can't start without tank, its pcidev_1 is there" in said
    assert (names(lab), states(lab)["tank"]) == (["web1"], "offline")
    lab.chyves("mail", "get", "cpu", status=3)
    assert "dataset tank online" in lab.chyves("new", "create", "tank", status=3).stderr
    assert lab.chyves("dataset", "tank", "offline").stdout == "tank: is offline\n"
    lab.chyves("new", "create", "1G")
    assert lab.output("new", "get", "-H", "serial") not in ("nmdm50", "nmdm55")
    lab.chyves("new", "delete", "-y")
    lab.chyves("dataset", "tank", "online")
    assert lab.everything() == before
    assert lab.output("dataset", "tank", "online") == "tank: is in use, as secondary pool"


def test_what_can_not_go_out_of_use_is_refused(lab: LabHost) -> None:
    make_whole_guests(lab, ["mail"], pool="tank")
    before = lab.everything()
    for pool, status, part in (
        ("zroot", 4, "zroot: is the primary pool"),
        ("nosuch", 3, "nosuch: there is no such pool"),
        ("tank/chyves", 3, "there is no such pool"),
    ):
        done = lab.chyves("dataset", pool, "offline", status=status)
        assert part in done.stderr
        assert done.stderr.count("\n") <= 2
    for words in (
        ("tank", "offline", "now"),
        ("tank", "offline", "--adopt"),
        ("tank", "promote", "force"),
    ):
        lab.chyves("dataset", *words, status=2)
    assert lab.everything() == before


def test_a_pool_stays_while_its_guests_run(lab: LabHost) -> None:
    make_whole_guests(lab, ["mail"], pool="tank")
    make_bootable(lab, "mail", pool="tank")
    lab.chyves("mail", "start")
    refused = lab.chyves("dataset", "tank", "offline", status=4)
    assert "tank: is in use by mail\n        chyves mail stop\n" in refused.stderr
    assert "mail" in lab.chyves("dataset", "tank", "uninstall", "force", "-y", status=4).stderr
    assert states(lab)["tank"] == "secondary"


def test_a_pool_does_not_come_back_with_names_that_others_have(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2", "web10"], pool="tank", first=5)
    lab.chyves("dataset", "tank", "offline")
    make_whole_guests(lab, ["web1", "web2", "web"])
    before = lab.everything()
    refused = lab.chyves("dataset", "tank", "online", "force", status=4)
    assert "there are guests called web1, web2 already" in refused.stderr
    assert lab.everything() == before


def test_a_pool_comes_back_with_doubles_only_where_it_is_forced(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], pool="tank")
    lab.chyves("dataset", "tank", "offline")
    make_whole_guests(lab, ["mail"])
    refused = lab.chyves("dataset", "tank", "online", status=4).stderr
    for part in ("serial=nmdm50 is mail's too", "net_ifaces=tap50", "uefi_vnc_port=5900", "mac="):
        assert part in refused
    said = lab.output("dataset", "tank", "online", "force")
    assert "web1: serial=nmdm50 is mail's too" in said
    assert names(lab) == ["mail", "web1"]


ASKED = (
    ("explain",),
    ("get", "cpu"), ("set", "cpu=2"), ("unset", "notes"), ("delete", "-y"),
    ("delete", "-y", "force"), ("delete", "-y", "promote"),
    ("start",), ("stop",), ("stop", "force"), ("reclaim",), ("reload",), ("rename", "new"),
    ("snapshot",), ("snapshot", "list"), ("snapshot", "delete", "-y", "@a"),
    ("snapshot", "rollback", "-y", "@a"), ("snapshot", "prune", "-y", "--all", "--keep", "last=1"),
    ("clone", "new"), ("clone", "new", "-ce"), ("disk", "list"), ("disk", "add", "1G"),
    ("disk", "delete", "-y", "disk0"), ("console",), ("console", "reset"), ("log",),
    ("export", "/tmp/none"), ("move", "tank"), ("move", "zroot"), ("upgrade",),
    ("group", "add", ":web"),
)  # fmt: skip


def test_a_guest_on_two_pools_is_shown_with_both_and_no_command_takes_one(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2"], snapshots=["a"])
    make_whole_guests(lab, ["web1"], pool="tank", first=9)
    before = lab.everything()
    places = "zroot/chyves/guests/web1 and tank/chyves/guests/web1"
    for words in ASKED:
        done = lab.chyves("web1", *words, status=None)
        assert done.returncode == 4, (words, done.stderr)
        assert places in done.stderr, words
        assert "chyves dataset tank offline" in done.stderr
    for words in (
        ("list",), ("info", "-s"), ("info", "web1"), ("list", "disks", "web1"), ("watch", "--once"),
        ("web2,web1", "start"), ("web2,web1", "set", "cpu=2"), ("boot-step", "web1", "boot"),
    ):  # fmt: skip
        assert places in lab.chyves(*words, status=4).stderr
    lab.chyves("web1", "create", status=4)
    assert lab.everything() == before
    lab.chyves("dataset", "tank", "offline")
    lab.chyves("web1", "set", "cpu=2")


def test_no_command_for_guests_is_left_out_there() -> None:
    verbs = set()
    for file in (ROOT / "libexec").glob("chyves-*"):
        usage = [line.split() for line in read_header(file).usage]
        verbs |= {words[2] for words in usage if words[1].startswith("<guest>")}
    assert verbs - {words[0] for words in ASKED} == {"create", "watch"}


def test_copies_count_nowhere_until_they_are_adopted(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    lab.chyves("dataset", "tank", "uninstall", "-y")
    lab.run("zfs", "create", "-p", "tank/backup/zroot")
    copy_layout(lab, "tank/chyves")
    copy_layout(lab, "tank/backup/zroot/chyves") if False else None
    lab.run("sh", "-ec", "zfs send -R zroot/chyves@copy | zfs receive -u tank/backup/zroot/chyves")
    assert (names(lab), states(lab)) == (["web1"], {"zroot": "primary", "tank": "replica"})
    before = lab.everything()
    for words in (("install",), ("online",), ("promote",), ("upgrade",)):
        refused = lab.chyves("dataset", "tank", *words, status=4)
        assert "chyves dataset tank online --adopt" in refused.stderr
    refused = lab.chyves("dataset", "tank", "online", "--adopt", status=4)
    assert "there are guests called web1 already" in refused.stderr
    assert lab.everything() == before


@pytest.mark.parametrize(
    "options", [(), ("-x", "mountpoint"), ("-o", "readonly=on", "-o", "canmount=noauto")]
)
def test_a_replica_takes_over_when_the_original_is_lost(
    lab: LabHost, tmp_path: Path, options: tuple[str, ...]
) -> None:
    iso = tmp_path / "os.iso"
    iso.write_text("#chyves-guest\n")
    lab.chyves("iso", "import", str(iso), "-q")
    lab.chyves("global", "set", "tap_start_offset=70")
    make_whole_guests(lab, ["web1", "mail"], snapshots=["old"])
    lab.chyves("web1", "set", "pcidev_1=ahci-hd,/dev/zvol/zroot/chyves/guests/mail/disk0")
    (lab.root / "dev/zvol/zroot/chyves/guests/web1/disk0").write_bytes(b"data")
    lab.chyves("dataset", "tank", "uninstall", "-y")
    copy_layout(lab, "tank/chyves", *options)
    lab.run("zpool", "destroy", "-f", "zroot")
    assert "online --adopt" in lab.chyves("web1", "start", status=3).stderr
    before = lab.everything()
    lab.chyves("dataset", "tank", "online", "--adopt", "-n")
    assert lab.everything() == before
    lab.chyves("dataset", "tank", "online", "--adopt")
    assert (names(lab), states(lab)) == (["mail", "web1"], {"tank": "primary"})
    assert "/dev/zvol/tank/chyves/guests/mail/disk0" in lab.output("web1", "get", "pcidev_1")
    assert lab.output("iso", "list", "-H", "-o", "name") == "os.iso"
    assert lab.output("global", "get", "-H", "tap_start_offset") == "70"
    assert (lab.root / "chyves/tank/ISO/os.iso/os.iso").read_text() == "#chyves-guest\n"
    assert (lab.root / "dev/zvol/tank/chyves/guests/web1/disk0").read_bytes()[:4] == b"data"
    lab.chyves("web1", "snapshot", "@now")
    lab.chyves("web1", "set", "cpu=2")
    lab.chyves("new", "create", "1G")
    assert lab.output("new", "get", "-H", "net_ifaces") == "tap70"


def test_a_secondary_pool_takes_over_when_the_primary_one_is_lost(lab: LabHost) -> None:
    make_whole_guests(lab, ["mail"], pool="tank")
    lab.run("zpool", "export", "-f", "zroot")
    refused = lab.chyves("list", status=3)
    assert "there is no primary pool, tank is secondary" in refused.stderr
    assert "chyves dataset tank promote" in refused.stderr
    lab.chyves("dataset", "tank", "promote")
    assert (names(lab), states(lab)) == (["mail"], {"tank": "primary"})
    lab.run("zpool", "import", "zroot")
    assert states(lab) == {"zroot": "primary", "tank": "primary"}
    lab.chyves("dataset", "tank", "promote")
    assert states(lab) == {"zroot": "secondary", "tank": "primary"}
