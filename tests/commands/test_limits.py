"""Limits of a guest: rules of rctl(8) on its bhyve, or a refusal; never a guest without them."""

from __future__ import annotations

import json

import pytest

from chyves_core.lab.host.state import change_host
from tests.commands.conftest import BHYVE, ended, nothing_is_left, pid_of, until
from tests.conftest import LabHost


@pytest.fixture
def counting(guest: LabHost) -> LabHost:
    """A lab whose kernel accounts for resources, with web1 that has limits."""
    set_racct(guest, "1")
    guest.chyves("web1", "set", "limit_cpu=150", "limit_write=10m", "limit_read_iops=500")
    guest.forget_commands()
    return guest


def set_racct(host: LabHost, value: str) -> None:
    """Give the tunable kern.racct.enable a value, as loader.conf does."""
    with change_host(host.lab) as state:
        state["sysctl"]["kern.racct.enable"] = value


def test_they_are_on_bhyve_before_it_runs_and_go_with_it(counting: LabHost) -> None:
    counting.chyves("web1", "start", "os.iso")
    bhyve = pid_of(counting, BHYVE)
    assert counting.run("rctl").stdout.splitlines() == [
        f"process:{bhyve}:pcpu:deny=150",
        f"process:{bhyve}:writebps:throttle=10485760",
        f"process:{bhyve}:readiops:throttle=500",
    ]
    counting.chyves("web1", "stop")
    assert counting.run("rctl").stdout == ""
    nothing_is_left(counting)


def test_a_changed_limit_counts_from_the_next_boot(counting: LabHost) -> None:
    counting.chyves("web1", "start", "os.iso")
    counting.chyves("web1", "set", "limit_cpu=50", "eject_iso_on_n_reboot=0")
    counting.chyves("web1", "unset", "limit_write")
    counting.chyves("web1", "unset", "limit_read_iops")
    assert "pcpu:deny=150" in counting.run("rctl").stdout
    counting.chyves("web1", "reload")
    until(lambda: BHYVE in counting.run("ps", "-axww", "-o", "command=").stdout)
    rules = counting.run("rctl").stdout
    assert rules == f"process:{pid_of(counting, BHYVE)}:pcpu:deny=50\n"
    counting.chyves("web1", "stop", "force")


def test_a_host_that_does_not_account_refuses_before_anything_is_made(counting: LabHost) -> None:
    set_racct(counting, "0")
    before = counting.everything()
    done = counting.chyves("web1", "start", "os.iso", status=4)
    assert done.stderr == (
        "chyves: web1: limit_cpu, limit_write, limit_read_iops: "
        "this host's kernel does not account for resources\n"
        "        kern.racct.enable=1 in /boot/loader.conf, and a reboot of the host\n"
    )
    assert counting.everything() == before
    assert not counting.commands("daemon")
    found = json.loads(counting.chyves("doctor", "--json", status=None).stdout)
    assert [each["subject"] for each in found] == ["web1"]
    assert "does not account" in found[0]["problem"]


def test_a_guest_whose_limits_can_not_be_set_does_not_run(counting: LabHost) -> None:
    """The third rule is not taken: the first two are on a process that ends."""
    counting.chyves("web1", "start", "os.iso", status=None, CHYVES_LAB_FAIL="rctl:3:fail")
    until(lambda: ended(counting, "web1"))
    assert "[error] - its limits could not be set: rctl: " in counting.output("web1", "log")
    assert not counting.commands("bhyve")
    assert counting.run("rctl").stdout == ""
    nothing_is_left(counting)


def test_a_dry_run_shows_them(counting: LabHost) -> None:
    planned = counting.output("web1", "start", "os.iso", "-n")
    rules = "pcpu:deny=150 writebps:throttle=10M readiops:throttle=500 -- bhyve -A "
    assert f"/limited.sh {rules}" in planned
    assert not counting.commands("rctl")


def test_guests_without_limits_need_no_accounting(guest: LabHost) -> None:
    set_racct(guest, "0")
    guest.chyves("web1", "start", "os.iso")
    assert not guest.commands("rctl")
    guest.chyves("web1", "stop", "force")
