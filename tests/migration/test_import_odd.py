"""Old hosts with odd things on them: what can't be is refused before, what can be made good is."""

from __future__ import annotations

from tests.conftest import LabHost
from tests.migration.hosts.iohyve import Iohyve

NOTHING = "there is nothing to import\n"


def test_where_nothing_is_to_be_imported_only_that_is_said(lab: LabHost) -> None:
    assert lab.chyves("import", "iohyve", "-y").stdout == NOTHING
    assert lab.chyves("import", "iohyve", "-n").stdout == NOTHING
    assert "nosuch: there is no such pool" in (
        lab.chyves("import", "iohyve", "--pool", "nosuch", "-y", status=3).stderr
    )


def test_what_iohyve_took_and_bhyve_does_not_is_made_good(lab: LabHost) -> None:
    io = Iohyve(lab.run, "zroot")
    io.create("web")
    io.set("web", mac_tap0="ff:ff", loader="xyz", ram="lots", con="ttyv0")
    lab.run("zfs", "set", "mountpoint=legacy", "zroot/iohyve/web")
    shown = lab.chyves("import", "iohyve", "-y").stdout
    assert "mac=ff:ff" in shown and "mountpoint=legacy" in shown
    lab.chyves("web", "start", "-n")
    argv = ("zfs", "get", "-H", "-o", "value", "mounted,mountpoint", "zroot/chyves/guests/web")
    assert lab.run(*argv).stdout.split() == ["yes", "/chyves/zroot/guests/web"]
    assert lab.output("doctor") == "nothing is wrong"


def test_what_another_manager_has_no_word_for_is_said(lab: LabHost) -> None:
    Iohyve(lab.run, "zroot").create("web")
    lab.chyves("import", "iohyve", "-yq")
    lab.chyves("network", "web", "add", "vale0")
    lab.chyves("web", "set", "sound=play=/dev/dsp1", "notes=a", "rcboot=3", "tpm=swtpm")
    lab.run("zfs", "create", "-o", "mountpoint=/vm", "zroot/vm")
    lab.run("sysrc", "vm_dir=zfs:zroot/vm")
    shown = lab.chyves("export", "--to", "vm-bhyve", "web", "-n").stdout
    assert 'sound_play="/dev/dsp1"' in shown and "vm switch create -t vale NAME" in shown
    assert "sysrc vm_list+=web" in shown
    for name in ("notes", "tpm"):
        (line,) = [line for line in shown.splitlines() if f" {name} " in line]
        assert "vm-bhyve has no word for it" in line
    shown = lab.chyves("export", "--to", "iohyve", "web", "-y").stdout
    assert "iohyve knows taps only" in shown
    argv = ("zfs", "get", "-H", "-o", "value", "iohyve:tap", "zroot/iohyve/web")
    assert lab.run(*argv).stdout == "tap0\n"
    # The properties that stayed come again with it.
    lab.chyves("import", "iohyve", "-yq")
    assert lab.output("web", "get", "-H", "notes") == "a"
