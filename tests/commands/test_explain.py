"""`chyves GUEST explain`: every argument, where it comes from, and what it does."""

from __future__ import annotations

import json
import shlex

import pytest

from chyves_core.lab.host.state import change_host
from tests.commands.whole_guests import make_whole_guests
from tests.conftest import LabHost


@pytest.fixture
def web(lab: LabHost) -> LabHost:
    """A lab with the guest web1."""
    make_whole_guests(lab, ["web1"], pci_slots="disk0=4,tap50=16", random="yes")
    return lab


def test_it_names_every_word_that_start_would_use(web: LabHost) -> None:
    rows = json.loads(web.output("web1", "explain", "--json"))
    shown = web.output("web1", "start", "-n").splitlines()
    for program, start in (("bhyveload", "bhyveload "), ("bhyve", "# bhyve ")):
        (line,) = [each for each in shown if each.startswith(start)]
        words = shlex.split(line.removeprefix("# "))[1:]
        told = [row["argument"] for row in rows if row["program"] == program]
        assert shlex.split(" ".join(told)) == words
    assert all(row["from"] and row["does"] for row in rows)


def test_the_settings_beside_the_arguments_are_the_lines_of_the_file(web: LabHost) -> None:
    told = web.output("web1", "explain", "-H", "-o", "settings").split()
    shown = web.output("web1", "start", "-n").splitlines()
    lines = [line.removeprefix("#   ") for line in shown if line.startswith("#   ")]
    assert [each for each in told if each != "-"] == lines


def test_a_property_that_is_set_shows_with_what_it_does(web: LabHost) -> None:
    web.chyves("web1", "set", "cpu=2", "share_1=src=/usr/src,ro")
    rows = {row["argument"]: row for row in json.loads(web.output("explain", "web1", "--json"))}
    assert rows["-c 2"]["from"] == "cpu"
    assert rows["-s 25,virtio-9p,src=/usr/src,ro"]["from"] == "share_1"
    assert rows["-s 24,virtio-rnd"]["from"] == "random"


def test_what_stands_beside_bhyve_is_explained_too(web: LabHost) -> None:
    options = ("bhyve_disk_type=virtio-scsi", "virtio_block_options_disk0=ro", "limit_cpu=150")
    web.chyves("web1", "set", *options)
    with change_host(web.lab) as state:
        state["sysctl"]["kern.racct.enable"] = "1"
    rows = json.loads(web.output("web1", "explain", "--json"))
    limit = next(row for row in rows if row["program"] == "rctl")
    assert (limit["argument"], limit["from"]) == ("pcpu:deny=150", "limit_cpu")
    told = [row for row in rows if row["program"] == "ctladm"]
    line = " ".join(("ctladm", *(row["argument"] for row in told)))
    assert line in web.output("web1", "start", "-n").splitlines()
    assert {row["from"] for row in told} == {"disk0, bhyve_disk_type, virtio_block_options_disk0"}


def test_it_changes_nothing_and_hides_the_password(web: LabHost) -> None:
    web.chyves("web1", "set", "loader=uefi", "uefi_console_output=vnc", "uefi_vnc_password=geheim")
    firmware = web.root / "usr/local/share/uefi-firmware/BHYVE_UEFI.fd"
    firmware.parent.mkdir(parents=True, exist_ok=True)
    firmware.write_bytes(b"firmware" * 512)
    before = web.everything()
    for words in (("-H", "-o", "argument,settings"), ("--json",), ()):
        assert "geheim" not in web.output("web1", "explain", *words)
    assert web.everything() == before


def test_what_can_not_start_can_not_be_explained(web: LabHost) -> None:
    assert web.chyves("web2", "explain", status=3).stderr.startswith("chyves: web2: ")
    assert "no such ISO" in web.chyves("web1", "explain", "x.iso", status=3).stderr
    web.chyves("web1", "set", "cpu_pin=0:999")
    assert "this host has no CPU 999" in web.chyves("web1", "explain", status=4).stderr
