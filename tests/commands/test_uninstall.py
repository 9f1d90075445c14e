"""`dataset POOL uninstall`: what goes is shown, asked about, and nothing else goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.commands.layouts import copy_layout, states
from tests.commands.test_resources_terminal import Terminal, end
from tests.commands.whole_guests import guests, make_whole_guests

if TYPE_CHECKING:
    from tests.conftest import LabHost


def test_uninstall_shows_all_that_goes_and_takes_only_that(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], snapshots=["a"])
    make_whole_guests(lab, ["mail"], pool="tank", first=3, snapshots=["b"])
    lab.run("zfs", "create", "tank/chyves2")
    before = lab.everything()
    assert "mail would go" in lab.chyves("dataset", "tank", "uninstall", "-y", status=4).stderr
    assert "tank can't do" in lab.chyves("dataset", "zroot", "uninstall", "-y", status=4).stderr
    assert "terminal" in lab.chyves("dataset", "tank", "uninstall", "force", status=4).stderr
    shown = lab.output("dataset", "tank", "uninstall", "force", "-n").split("\n")
    assert lab.everything() == before
    doomed = [
        name
        for name in before.split("\n")
        if name.startswith(("tank/chyves/", "tank/chyves@")) and "\t" not in name
    ]
    assert [line[2:].split("  ")[0] for line in shown if line.startswith("# tank")] == [
        "tank/chyves",
        *doomed,
    ]
    assert shown[-2:] == ["zfs destroy -r tank/chyves_uninstalled", "rmdir /chyves/tank"]
    lab.chyves("dataset", "tank", "uninstall", "force", "-y")
    left = [
        line
        for line in before.split("\n")
        if not line.startswith(("tank/chyves/", "tank/chyves\t", "tank/chyves@"))
        and line != "tank/chyves"
    ]
    assert lab.everything().split("\n") == left
    assert not (lab.root / "chyves/tank").exists()
    assert "not on this pool" in lab.chyves("dataset", "tank", "uninstall", "-y", status=4).stderr


def test_uninstall_spares_what_was_cloned_elsewhere(lab: LabHost) -> None:
    make_whole_guests(lab, ["mail"], pool="tank", snapshots=["b"])
    lab.run("zfs", "clone", "tank/chyves/guests/mail/disk0@b", "tank/rescued")
    before = lab.everything()
    refused = lab.chyves("dataset", "tank", "uninstall", "force", "-y", status=4)
    assert "tank/rescued was cloned from it" in refused.stderr
    assert lab.everything() == before


def test_an_offline_layout_and_a_replica_can_be_uninstalled(lab: LabHost) -> None:
    lab.chyves("dataset", "tank", "offline")
    lab.chyves("dataset", "tank", "uninstall", "-y")
    make_whole_guests(lab, ["web1"])
    copy_layout(lab, "tank/chyves")
    assert "web1 would go" in lab.chyves("dataset", "tank", "uninstall", "-y", status=4).stderr
    lab.chyves("dataset", "tank", "uninstall", "force", "-y")
    assert (guests(lab), states(lab)["tank"]) == (["web1"], "none")


def test_a_terminal_is_asked_whatever_the_options_say(lab: LabHost) -> None:
    terminal = Terminal(lab)
    command = terminal.chyves("dataset", "tank", "uninstall", "-y")
    command.expect(r"tank/chyves/guests .*Destroy tank/chyves with all of this for good\? \[y/N\] ")
    command.sendline("n")
    assert end(command)[0] == 4
    assert states(lab)["tank"] == "secondary"
    command = terminal.chyves("dataset", "tank", "uninstall", "-y")
    command.expect(r"\[y/N\] ")
    command.sendline("y")
    assert end(command)[0] == 0
    assert states(lab)["tank"] == "none"


def test_nothing_comes_in_the_place_of_a_layout_that_is_half_gone(lab: LabHost) -> None:
    make_whole_guests(lab, ["mail"], pool="tank", snapshots=["a"])
    with open(lab.root / "dev/zvol/tank/chyves/guests/mail/disk0", "rb"):
        done = lab.chyves("dataset", "tank", "uninstall", "force", "-y", status=1)
    assert "tank: chyves is no longer in use there, but tank/chyves_uninstalled is " in done.stderr
    assert done.stderr.endswith("        chyves dataset tank uninstall\n")
    refused = lab.chyves("dataset", "tank", "install", status=4)
    assert "tank: tank/chyves_uninstalled is left of an uninstall" in refused.stderr
    lab.run("zfs", "create", "tank/chyves")
    lab.run("zfs", "set", "chyves.pool:role=secondary", "chyves.pool:version=1", "tank/chyves")
    refused = lab.chyves("dataset", "tank", "online", "--adopt", status=4)
    assert "is left of an uninstall" in refused.stderr
    lab.run("zfs", "destroy", "tank/chyves")
    lab.chyves("dataset", "tank", "uninstall", "-y")
    lab.chyves("dataset", "tank", "install")
