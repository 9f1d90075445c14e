"""Disks of guests: added, filled, made larger, deleted, and the others do not move."""

from __future__ import annotations

import gzip
import json

from tests.endtoend.hosts.base import FIRST, Host
from tests.endtoend.volumes import node

WEB = "chyvest-web"
PLACE = f"{FIRST}/chyves/guests/{WEB}"


def test_disks_come_and_go_and_no_device_moves(host: Host) -> None:
    host.chyves(WEB, "create", "16M")
    host.chyves(WEB, "disk", "add", "24M")
    host.chyves(WEB, "disk", "add", "8M")
    slots = host.output(WEB, "get", "-H", "pci_slots")
    assert slots == "disk0=4,disk1=5,disk2=6,tap900=16"
    host.refused(WEB, "disk", "delete", "disk1", status=4)
    host.chyves(WEB, "disk", "delete", "disk1", "--yes")
    assert host.output(WEB, "get", "-H", "pci_slots") == "disk0=4,disk2=6,tap900=16"
    host.chyves(WEB, "disk", "resize", "disk2", "+8M")
    assert host.value(f"{PLACE}/disk2", "volsize") == str(16 << 20)
    host.refused(WEB, "disk", "resize", "disk2", "8M", status=4)
    host.refused(WEB, "disk", "add", "900G", status=1)
    rows = json.loads(host.output(WEB, "disk", "list", "--json"))
    assert [(row["disk"], row["size"]) for row in rows] == [
        ("disk0", 16 << 20),
        ("disk2", 16 << 20),
    ]
    assert len({row["serial"] for row in rows}) == 2


def test_an_image_is_on_the_disk_that_was_made_for_it(host: Host) -> None:
    image = bytes(range(256)) * 4096
    file = host.folder / "disk.raw.gz"
    file.write_bytes(gzip.compress(image))
    host.chyves(WEB, "create", "16M")
    host.chyves(WEB, "disk", "import", str(file))
    with open(node(host, f"{PLACE}/disk1"), "rb", buffering=0) as volume:
        assert volume.read(len(image)) == image
    assert host.datasets(PLACE) == [PLACE, f"{PLACE}/disk0", f"{PLACE}/disk1"]
