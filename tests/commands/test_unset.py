"""`unset`: optional properties go, on exactly the guests that were named, or nothing happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.commands.whole_guests import make_whole_guests, own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost


def test_only_optional_properties_that_are_set_can_be_unset(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2"], eject_iso_on_n_reboot="3")
    before = lab.everything()
    for status, words in (
        (4, ["web1", "unset", "cpu"]),
        (4, ["web1", "unset", "chyves_guest_version"]),
        (4, ["web1", "unset", "net_ifaces"]),
        (4, ["web1", "unset", "uuid"]),
        (3, ["web1", "unset", "revert_to_snapshot"]),
        (2, ["web1", "unset", "nosuch"]),
        (2, ["web1", "unset", "eject_iso_on_n"]),
        (3, ["web3", "unset", "eject_iso_on_n_reboot"]),
        (3, ["web1,web3", "unset", "eject_iso_on_n_reboot"]),
        (2, ["global", "unset", "role"]),
        (3, ["defaults", "unset", "cpu"]),
        (2, ["web1", "unset"]),
        (2, ["web1", "unset", "eject_iso_on_n_reboot", "cpu"]),
    ):
        done = lab.chyves(*words, status=status)
        assert 1 <= done.stderr.count("\n") <= 2, words
    assert lab.everything() == before
    lab.chyves("web1", "unset", "eject_iso_on_n_reboot")
    assert "chyves:eject_iso_on_n_reboot" not in own_properties(lab, "zroot/chyves/guests/web1")
    assert own_properties(lab, "zroot/chyves/guests/web2")["chyves:eject_iso_on_n_reboot"] == "3"


def test_when_zfs_fails_the_values_from_before_are_back(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2"], eject_iso_on_n_reboot="3")
    lab.run("zfs", "create", "zroot/chyves/guests/foreign")
    before = lab.everything()
    words = ("web1,web2", "unset", "eject_iso_on_n_reboot")
    lab.chyves(*words, status=1, CHYVES_LAB_FAIL="zfs:2:fail")
    assert lab.everything() == before
    lab.chyves(*words)
    assert lab.chyves(*words, status=3).stderr.count("\n") == 1
