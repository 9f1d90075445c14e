"""`doctor`: what it finds, what it says of it, and what --fix does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.commands.whole_guests import guests, make_whole_guests

if TYPE_CHECKING:
    from tests.conftest import LabHost


def problems(lab: LabHost) -> dict[str, str]:
    """What is wrong, by whose it is."""
    found = json.loads(lab.chyves("doctor", "--json", status=None).stdout)
    return {each["subject"]: each["problem"] for each in found}


def test_a_host_on_which_all_is_well(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    assert lab.output("doctor") == "nothing is wrong"
    assert lab.output("doctor", "-q") == ""
    assert json.loads(lab.output("doctor", "--json")) == []
    assert lab.output("doctor", "--fix") == "nothing is wrong"


def test_an_interrupted_change_is_found_and_ended(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web10"])
    lab.chyves("web10", "set", "pcidev_1=ahci-hd,/dev/zvol/zroot/chyves/guests/web1/disk0")
    lab.chyves("web1", "rename", "new", status=-9, CHYVES_LAB_FAIL="zfs:3:kill")
    done = lab.chyves("doctor", status=1)
    assert done.stdout.startswith(
        "web1: `chyves web1 rename new` was interrupted\n        chyves doctor --fix\n"
    )
    before = lab.everything()
    planned = lab.output("doctor", "--fix", "-n")
    assert "zfs set " in planned
    assert lab.everything() == before
    assert lab.output("doctor", "--fix").startswith("web1: mended, ")
    assert problems(lab) == {}
    assert guests(lab) == ["new", "web10"]


def test_an_empty_half_made_guest_goes_and_its_namesakes_stay(lab: LabHost) -> None:
    make_whole_guests(lab, ["pfSense", "pfSense-gold"])
    lab.chyves("pfSense2", "create", "1G", status=-9, CHYVES_LAB_FAIL="zfs:4:kill")
    assert "half a guest" in problems(lab)["pfSense2"]
    lab.chyves("doctor", "--fix")
    assert problems(lab) == {}
    assert guests(lab) == ["pfSense", "pfSense-gold"]
    assert not any("pfSense2" in name for name in lab.datasets())


def test_a_half_made_guest_with_data_is_asked_about(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], snapshots=["s"])
    disk = lab.root / "dev/zvol/zroot/chyves/guests/web1/disk0"
    with disk.open("r+b") as device:
        device.write(b"x" * (8 << 20))
    lab.run("zfs", "inherit", "chyves:chyves_guest_version", "zroot/chyves/guests/web1")
    before = lab.everything()
    done = lab.chyves("doctor", "--fix", status=4)
    assert "Destroy zroot/chyves/guests/web1" in done.stderr
    assert lab.everything() == before
    lab.chyves("doctor", "--fix", "-y")
    assert not any("web1" in name for name in lab.datasets())


def test_what_an_interrupted_import_of_a_disk_left_is_cleared(lab: LabHost, tmp_path: Path) -> None:
    make_whole_guests(lab, ["web1"])
    image = tmp_path / "a.raw"
    image.write_bytes(b"x" * 4096)
    words = ("web1", "disk", "import", str(image))
    lab.chyves(*words, status=-9, CHYVES_LAB_FAIL="zfs:4:kill")
    assert "zroot/chyves/guests/web1/importing-disk1" in problems(lab)["web1"]
    lab.chyves("doctor", "--fix")
    assert problems(lab) == {}
    assert not any("importing" in name for name in lab.datasets())


def test_a_half_imported_iso_is_found_and_cleared(lab: LabHost, tmp_path: Path) -> None:
    image = tmp_path / "a.iso"
    image.write_bytes(b"x" * 4096)
    lab.chyves("iso", "import", str(image), status=-9, CHYVES_LAB_FAIL="zfs:4:kill")
    assert problems(lab)["a.iso"].startswith("the import from ")
    lab.chyves("doctor", "--fix")
    assert problems(lab) == {}
    lab.chyves("iso", "import", str(image))


def test_a_dataset_that_chyves_did_not_make_is_a_note_and_stays(lab: LabHost) -> None:
    lab.run("zfs", "create", "zroot/chyves/guests/mine")
    done = lab.chyves("doctor", "--fix", "-y")
    assert "mine: zroot/chyves/guests/mine is not a guest" in done.stdout
    assert "zroot/chyves/guests/mine" in lab.datasets()


def test_what_a_guest_that_does_not_run_has_left_is_taken_away(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    lab.run("ifconfig", "tap50", "create", "description", "chyves:web1:tap50")
    lab.run("ifconfig", "tap51", "create", "description", "somebody's")
    lab.run("ifconfig", "bridge0", "create", "description", "chyves:bridge0")
    lab.run("ifconfig", "bridge0", "addm", "tap50")
    (lab.root / "dev/vmm").mkdir(exist_ok=True)
    (lab.root / "dev/vmm/foreign").touch()
    (lab.root / "var/run/chyves/guests/web1").mkdir(parents=True)
    lab.forget_commands()
    assert problems(lab) == {
        "web1": "does not run, and has left tap50, /var/run/chyves/guests/web1"
    }
    assert lab.commands("ifconfig") == [["ifconfig", "-a"]]
    lab.chyves("doctor", "--fix")
    assert problems(lab) == {}
    left = lab.run("ifconfig", "-l").stdout.split()
    assert "tap50" not in left and "bridge0" not in left
    assert "tap51" in left


def test_numbers_that_two_guests_have_and_values_of_other_hands(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2", "web3"])
    slots = "chyves:pci_slots=disk0=4,tap50=many,disk1=4,disk2=5"
    lab.run("zfs", "set", slots, "zroot/chyves/guests/web3")
    lab.run("zfs", "set", "chyves:serial=nmdm50", "zroot/chyves/guests/web2")
    lab.run("zfs", "set", "chyves:cpu=many", "zroot/chyves/guests/web2")
    found = problems(lab)
    assert found["web1"] == "serial=nmdm50 is that of web2 too"
    assert found["web2"].startswith("cpu=many: ")
    assert found["web3"].startswith("pci_slots: tap50=many, disk1=4 can't be read or is taken")
    assert (
        "zfs set chyves:pci_slots=disk0=4,disk2=5 zroot/" in lab.chyves("doctor", status=1).stdout
    )
    lab.chyves("doctor", "--fix", status=1)
    assert problems(lab) == found


def test_a_copy_of_another_pool_is_a_note(lab: LabHost) -> None:
    lab.run("zfs", "set", "chyves.pool:guid=1234", "tank/chyves")
    lab.run("zpool", "export", "zroot")
    lab.run("zpool", "import", "-o", "readonly=on", "zroot")
    assert "zpool export zroot && zpool import zroot" in lab.chyves("doctor", status=1).stdout
    lab.run("zpool", "export", "zroot")
    lab.run("zpool", "import", "zroot")
    done = lab.chyves("doctor")
    assert done.stdout.startswith("tank: holds a copy of another pool's chyves")


def test_a_missing_firmware_and_modules_that_nobody_loads(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], loader="uefi")
    firmware = lab.root / "usr/local/share/uefi-firmware/BHYVE_UEFI.fd"
    firmware.unlink(missing_ok=True)
    lab.chyves("global", "set", "auto_load_kernel_mods=no")
    done = lab.chyves("doctor", status=1)
    assert "pkg install edk2-bhyve" in done.stdout
    assert "kldload vmm nmdm if_bridge if_tuntap" in done.stdout
    lab.chyves("doctor", "--fix", status=1)
    assert "vmm.ko" in lab.run("kldstat").stdout


def test_only_root_mends(lab: LabHost) -> None:
    lab.chyves("doctor", CHYVES_LAB_UID="1001")
    assert "must be root" in lab.chyves("doctor", "--fix", status=1, CHYVES_LAB_UID="1001").stderr
