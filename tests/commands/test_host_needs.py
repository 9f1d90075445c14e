"""What a guest needs of the host's hardware: said before it starts, and by the doctor."""

from __future__ import annotations

import json

import pytest

from chyves_core.lab.host.state import change_host
from tests.conftest import LabHost


def problems(host: LabHost) -> list[tuple[str, str, str]]:
    """Whose each of the doctor's findings is, what is wrong, what mends it."""
    found = json.loads(host.chyves("doctor", "--json", status=None).stdout)
    return [(each["subject"], each["problem"], each["command"]) for each in found]


def say_of_processor(host: LabHost, line: str) -> None:
    """Let the kernel have said something else of the host's processor when it started."""
    file = host.root / "var/run/dmesg.boot"
    file.write_text(file.read_text().replace("  SVM: NP,NAsids=16", line))


def give_away(host: LabHost, *addresses: str) -> None:
    """Bind devices to ppt(4), as pptdevs in loader.conf does."""
    with change_host(host.lab) as state:
        state["passthru"] = [
            {"name": f"ppt{number}", "address": address} for number, address in enumerate(addresses)
        ]


def test_a_host_without_second_level_paging_starts_no_guest(guest: LabHost) -> None:
    say_of_processor(guest, "  VT-x: HLT,PAUSE")
    done = guest.chyves("web1", "start", "os.iso", status=4)
    assert "chyves: web1: bhyve can't run guests here: " in done.stderr
    assert "no EPT (Intel) or RVI (AMD)" in done.stderr
    assert not guest.commands("daemon")
    assert not guest.commands("kldload")
    assert [(whose, hint) for whose, _, hint in problems(guest)] == [
        ("host", "look for VT-x or AMD-V (SVM) in the host's firmware settings")
    ]


def test_it_is_said_before_chyves_is_on_any_pool(empty_lab: LabHost) -> None:
    say_of_processor(empty_lab, "  SVM: (disabled in BIOS) NP,NAsids=16")
    assert [whose for whose, _, _ in problems(empty_lab)] == ["host", "host"]


def test_without_unrestricted_guest_mode_only_plain_guests_start(guest: LabHost) -> None:
    say_of_processor(guest, "  VT-x: PAT,HLT,MTF,PAUSE,EPT,VPID")
    assert problems(guest) == []
    guest.chyves("web1", "start", "os.iso", "-n")
    guest.chyves("web1", "set", "cpu=2")
    done = guest.chyves("web1", "start", "os.iso", status=4)
    assert done.stderr == (
        "chyves: web1: cpu=2: this host's processor has no unrestricted guest mode (UG)\n"
        "        chyves web1 set cpu=1\n"
    )
    what = "cpu=2: this host's processor has no unrestricted guest mode (UG)"
    assert problems(guest) == [("web1", what, "chyves web1 set cpu=1")]


def test_what_vmm_says_counts_where_it_is_loaded(guest: LabHost) -> None:
    say_of_processor(guest, "  VT-x: HLT,PAUSE")
    guest.run("kldload", "vmm")
    guest.chyves("web1", "start", "os.iso", "-n")


def test_a_host_that_says_nothing_is_trusted(guest: LabHost) -> None:
    (guest.root / "var/run/dmesg.boot").unlink()
    guest.chyves("web1", "start", "os.iso", "-n")
    assert problems(guest) == []


def test_lists_and_new_names_do_not_read_the_boot_messages(lab: LabHost) -> None:
    (lab.root / "var/run/dmesg.boot").unlink()
    (lab.root / "var/run/dmesg.boot").mkdir()
    lab.chyves("g" * 40, "create", "1G")
    lab.chyves("list")


def test_a_device_that_is_there_and_bound_is_passed_through(guest: LabHost) -> None:
    give_away(guest, "2/0/0", "2/0/1")
    guest.chyves("web1", "set", "pcidev_1=passthru,2/0/0", "pcidev_2=passthru,ppt1")
    guest.forget_commands()
    guest.chyves("web1", "start", "os.iso")
    guest.chyves("web1", "stop", "force")
    assert guest.commands("pciconf")[0] == ["pciconf", "-l"]
    assert problems(guest) == []


@pytest.mark.parametrize("form", ["0/4/0", "pci0:4:0", "pci0:0:4:0"])
def test_a_device_that_the_host_uses_itself_is_refused(guest: LabHost, form: str) -> None:
    guest.chyves("web1", "set", f"pcidev_1=passthru,{form}", "pcidev_2=passthru,0/3/0")
    before = guest.everything()
    guest.forget_commands()
    done = guest.chyves("web1", "start", "os.iso", status=4)
    hint = 'vmm_load="YES" and pptdevs="0/4/0 0/3/0" in /boot/loader.conf, and a reboot of the host'
    assert done.stderr == (
        f"chyves: web1: pcidev_1: 0/4/0 is em0, not bound to ppt(4)\n        {hint}\n"
    )
    assert guest.everything() == before
    assert not guest.commands("daemon")
    second = "pcidev_2: 0/3/0 is virtio_pci0, not bound to ppt(4)"
    assert problems(guest)[1] == ("web1", second, hint)


def test_a_device_that_the_host_has_not_is_refused(guest: LabHost) -> None:
    give_away(guest, "2/0/0")
    guest.chyves("web1", "set", "pcidev_1=passthru,2/0/1", "pcidev_2=passthru,ppt10")
    done = guest.chyves("web1", "start", "os.iso", status=4)
    assert done.stderr == (
        "chyves: web1: pcidev_1: this host has no PCI device 2/0/1\n        pciconf -lv\n"
    )
    assert problems(guest) == [
        ("web1", "pcidev_1: this host has no PCI device 2/0/1", "pciconf -lv"),
        ("web1", "pcidev_2: this host has no ppt10", "pciconf -lv"),
    ]


def test_pciconf_is_asked_only_for_guests_with_passthru(guest: LabHost) -> None:
    guest.chyves("web1", "set", "pcidev_1=virtio-rnd")
    guest.chyves("web1", "start", "os.iso", "-n")
    guest.chyves("doctor")
    assert not guest.commands("pciconf")
