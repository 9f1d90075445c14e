"""The host's PCI devices, as pciconf names them, and those that a guest wants."""

from __future__ import annotations

import json
from pathlib import Path

from chyves_core.bhyve.host_devices import parse, problems, wanted
from chyves_core.guests import Guest
from chyves_core.properties.schema import load_schema

CAPTURES = Path(__file__).resolve().parents[1] / "captures" / "host.jsonl"
ROWS = {row["id"]: row for row in map(json.loads, CAPTURES.read_text().splitlines())}


def guest(**properties: str) -> Guest:
    return Guest("web1", "zroot", "zroot/x", properties, (), 0, "", load_schema("guest"))


def test_the_captured_hosts_devices() -> None:
    devices = parse(ROWS["pciconf-l"]["stdout"])
    assert devices["0/4/0"] == "em0"
    assert devices["0/1/3"] == "none0"
    assert len(devices) == 10


def test_a_verbose_list_is_read_as_well() -> None:
    assert parse(ROWS["pciconf-lv"]["stdout"]) == parse(ROWS["pciconf-l"]["stdout"])


def test_what_a_guest_wants_in_each_form_that_bhyve_takes() -> None:
    wants = {
        "pcidev_1": "passthru,2/0/1",
        "pcidev_2": "passthru,pci3:0:1",
        "pcidev_3": "passthru,pci0:4:0:1,rom=/vm/rom.bin",
        "pcidev_4": "passthru,ppt0,rom=/vm/rom.bin",
        "pcidev_5": "virtio-rnd",
    }
    assert wanted(guest(**wants)) == {
        "pcidev_1": "2/0/1",
        "pcidev_2": "3/0/1",
        "pcidev_3": "4/0/1",
        "pcidev_4": "ppt0",
    }


def test_addresses_compare_whole() -> None:
    devices = {"2/0/1": "ppt1", "12/0/1": "em1", "2/0/10": "em2"}
    assert list(problems(guest(pcidev_1="passthru,2/0/1", pcidev_2="passthru,ppt1"), devices)) == []
    said = [str(each) for each in problems(guest(pcidev_1="passthru,ppt10"), devices)]
    assert said == ["web1: pcidev_1: this host has no ppt10"]
