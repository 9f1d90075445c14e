"""Starts that are refused start nothing, and say what helps."""

from __future__ import annotations

from tests.endtoend.hosts.base import Host
from tests.endtoend.running import WEB, make_guest


def test_nothing_is_started_that_can_not_run(host: Host) -> None:
    make_guest(host, "spin.rom")
    host.chyves(WEB, "set", "template=no")
    before = host.everything(), set(host.interfaces())
    for words in (
        (WEB, "start", "nosuch.iso"),
        ("chyvest-we", "start"),
        (f"{WEB},chyvest-nosuch", "start"),
    ):
        host.refused(*words, status=3)
    for wrong, right, said in (
        ("template=yes", "template=no", "is a template"),
        ("cpu=200", "cpu=1", "at most"),
        ("uefi_firmware=nosuch.fd", "uefi_firmware=spin.rom", "nosuch.fd"),
    ):
        host.chyves(WEB, "set", wrong)
        complaint = host.chyves(WEB, "start", status=None)
        assert complaint.returncode in (3, 4)
        assert said in complaint.stderr
        assert host.left_running() == []
        host.chyves(WEB, "set", right)
    assert (host.everything(), set(host.interfaces())) == before


def test_a_dry_run_prints_what_would_be_run_and_runs_nothing(host: Host) -> None:
    make_guest(host, "spin.rom")
    before = host.everything(), set(host.interfaces())
    shown = host.output(WEB, "start", "-n")
    for words in ("ifconfig tap900 create", "daemon -cf", "bhyve -c 1 -m 64M", "bootrom,/chyves/"):
        assert words in shown
    assert (host.everything(), set(host.interfaces())) == before
    assert host.left_running() == []


def test_a_bhyve_that_fails_says_why_and_leaves_nothing(host: Host) -> None:
    """A port of CTL that this host does not have."""
    make_guest(host, "spin.rom", WEB, "pcidev_1=virtio-scsi,/dev/cam/ctl99.0")
    done = host.chyves(WEB, "start", status=1)
    assert done.stderr.startswith(f"chyves: {WEB}: ")
    assert host.left_running() == []
    assert "[error]" in host.output(WEB, "log")
