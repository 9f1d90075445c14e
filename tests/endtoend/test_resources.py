"""ISO images and firmware: imported whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import json
import lzma

from tests.endtoend.hosts.base import FIRST, Host
from tests.endtoend.roms import ROMS

ISOS = f"{FIRST}/chyves/ISO"


def test_a_packed_file_is_checked_unpacked_renamed_and_deleted(host: Host) -> None:
    text = b"an installer, more or less" * 10_000
    file = host.folder / "os.iso.xz"
    file.write_bytes(lzma.compress(text))
    digits = hashlib.sha512(file.read_bytes()).hexdigest()
    wrong = f"sha512:{digits[:-1]}{'0' if digits[-1] != '0' else '1'}"
    host.refused("iso", "import", "--hash", wrong, str(file), status=1)
    assert host.datasets(ISOS) == [ISOS]
    host.chyves("iso", "import", "--hash", f"sha512:{digits}", str(file))
    assert host.path(f"/chyves/{FIRST}/ISO/os.iso/os.iso").read_bytes() == text
    (row,) = json.loads(host.output("iso", "list", "--json"))
    assert (row["name"], row["size"]) == ("os.iso", len(text))
    assert row["sha256"] == hashlib.sha256(text).hexdigest()
    host.chyves("iso", "rename", "os.iso", "os-1.0.iso")
    assert host.path(f"/chyves/{FIRST}/ISO/os-1.0.iso/os-1.0.iso").read_bytes() == text
    host.refused("iso", "delete", "os.iso", "--yes", status=3)
    host.chyves("iso", "delete", "os-1.0.iso", "--yes")
    assert host.datasets(ISOS) == [ISOS]


def test_a_firmware_that_a_guest_names_stays(host: Host) -> None:
    file = host.folder / "halt.rom"
    file.write_bytes(ROMS["halt.rom"])
    host.chyves("firmware", "import", str(file))
    host.chyves("chyvest-web", "create", "16M", "loader=uefi", "uefi_firmware=halt.rom")
    assert "chyvest-web" in host.refused("firmware", "delete", "halt.rom", "--yes", status=4)
    host.chyves("firmware", "rename", "halt.rom", "stop.rom")
    assert host.output("chyvest-web", "get", "-H", "uefi_firmware") == "stop.rom"


def test_a_damaged_image_is_told_by_verify(host: Host) -> None:
    for name in ("good.iso", "bad.iso"):
        file = host.folder / name
        file.write_bytes(b"an installer" * 1000)
        host.chyves("iso", "import", str(file))
    assert host.output("iso", "verify") == "bad.iso: ok\ngood.iso: ok"
    damaged = host.path(f"/chyves/{FIRST}/ISO/bad.iso/bad.iso")
    damaged.chmod(0o644)
    with open(damaged, "r+b") as file:
        file.seek(5000)
        file.write(b"!")
    done = host.chyves("iso", "verify", status=1)
    assert done.stdout == "good.iso: ok\n"
    assert "bad.iso: is damaged" in done.stderr
