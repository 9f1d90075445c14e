"""No property and no device is left out of the golden plans."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chyves_core.properties.schema import load_schema
from tests.golden.case import IDENTITY
from tests.golden.cases import CASES

PLANS = Path(__file__).with_name("plans")
TEXTS = {path.stem: path.read_text() for path in PLANS.glob("*.txt")}
USED = {name for case in CASES.values() for name in (*case.properties, *IDENTITY)}

# As -s and -l name them, and as they stand in the file.
DEVICES = (
    *("hostbridge", "lpc", "com1", "com2", "com3", "com4", "bootrom", "bootvars", "fwcfg", "tpm"),
    *("ahci-hd", "ahci-cd", "ahci", "virtio-blk", "nvme", "virtio-scsi"),
    *("virtio-net", "e1000", "virtio-rnd", "virtio-9p", "virtio-console", "virtio-input", "hda"),
    *("fbuf", "xhci", "passthru", "uart"),
)


@pytest.mark.parametrize("name", [each.name for each in load_schema("guest").properties])
def test_every_property_of_a_guest_occurs_in_a_golden_plan(name: str) -> None:
    pattern = re.escape(name).replace(re.escape("{n}"), r"\d+")
    assert any(re.fullmatch(pattern, used) for used in USED), f"no case has {name}"


@pytest.mark.parametrize("name", [each.name for each in load_schema("disk").properties])
def test_every_property_of_a_disk_occurs_in_a_golden_plan(name: str) -> None:
    used = {"disk_serial"}.union(*(case.of_disks for case in CASES.values()))
    assert name in used, f"no case has {name}"


@pytest.mark.parametrize("backend", ["tap", "vale", "netgraph", "slirp"])
def test_all_that_network_cards_stand_on_occurs_in_a_golden_plan(backend: str) -> None:
    assert any(f"backend={backend}" in text for text in TEXTS.values())


@pytest.mark.parametrize("device", DEVICES)
def test_every_device_occurs_in_a_golden_plan(device: str) -> None:
    assert any(re.search(rf"[,.= ]{device}\b", text) for text in TEXTS.values())


def test_what_only_people_and_chyves_read_changes_no_command_line() -> None:
    assert TEXTS["properties-that-no-program-reads"] == TEXTS["freebsd-on-14.3"]
