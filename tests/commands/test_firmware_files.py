"""The firmware of UEFI guests, and their own copies of the UEFI variables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import LabHost, make_lab

FOLDER = "usr/local/share/uefi-firmware"
GUESTS = "chyves/zroot/guests"


def put(host: LabHost, name: str, size: int = 8192, text: bytes = b"") -> Path:
    """Put a file of firmware onto the host."""
    file = host.root / FOLDER / name
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "wb") as opened:
        opened.write(text)
        opened.truncate(size)
    return file


@pytest.fixture
def uefi(lab: LabHost) -> LabHost:
    """A lab with web1, which boots with UEFI, and the files of edk2-bhyve."""
    lab.chyves("web1", "create", "1G", "loader=uefi")
    for name in ("BHYVE_UEFI.fd", "BHYVE_UEFI_CODE.fd"):
        put(lab, name)
    put(lab, "BHYVE_UEFI_VARS.fd", 4096, b"template")
    return lab


def planned(host: LabHost) -> str:
    return host.output("web1", "start", "-n")


def test_the_hosts_own_firmware_or_one_of_its_files_or_a_resource(
    uefi: LabHost, tmp_path: Path
) -> None:
    assert f"bootrom,/{FOLDER}/BHYVE_UEFI.fd chy-web1" in planned(uefi)
    put(uefi, "BHYVE_UEFI_CSM.fd")
    uefi.chyves("web1", "set", "uefi_firmware=BHYVE_UEFI_CSM.fd")
    assert f"bootrom,/{FOLDER}/BHYVE_UEFI_CSM.fd chy-web1" in planned(uefi)
    (tmp_path / "BHYVE_UEFI_CSM.fd").write_bytes(bytes(4096))
    uefi.chyves("firmware", "import", str(tmp_path / "BHYVE_UEFI_CSM.fd"), "-q")
    assert "bootrom,/chyves/zroot/Firmware/BHYVE_UEFI_CSM.fd/BHYVE_UEFI_CSM.fd " in planned(uefi)
    uefi.chyves("web1", "set", "uefi_firmware=CSM.fd")
    said = uefi.chyves("web1", "start", status=3).stderr
    assert f"web1: uefi_firmware=CSM.fd: there is no such firmware, nor /{FOLDER}/CSM.fd" in said


@pytest.mark.parametrize("size", [0, 4097, (16 << 20) + 4096])
def test_firmware_that_bhyve_would_not_take_is_refused_before_the_start(
    uefi: LabHost, size: int
) -> None:
    put(uefi, "BHYVE_UEFI.fd", size)
    said = uefi.chyves("web1", "start", status=4).stderr
    assert f"web1: /{FOLDER}/BHYVE_UEFI.fd has {size} bytes; bhyve takes whole pages" in said
    assert not uefi.commands("bhyve")


def test_variables_are_copied_once_and_follow_the_guest(uefi: LabHost) -> None:
    uefi.chyves("web1", "set", "uefi_vars=yes")
    shown = planned(uefi)
    assert f"cp /{FOLDER}/BHYVE_UEFI_VARS.fd /{GUESTS}/web1/uefi_vars.fd" in shown
    assert f"bootrom,/{FOLDER}/BHYVE_UEFI_CODE.fd,/{GUESTS}/web1/uefi_vars.fd" in shown
    uefi.chyves("web1", "start", status=None)
    uefi.chyves("web1", "stop", "force", status=None)
    own = uefi.root / GUESTS / "web1/uefi_vars.fd"
    assert own.read_bytes().startswith(b"template")
    own.write_bytes(b"written by the guest".ljust(4096))
    uefi.chyves("web1", "rename", "web2")
    assert not own.exists()
    uefi.chyves("web2", "clone", "web3", "-ce")
    assert "cp " not in uefi.output("web2", "start", "-n")
    for name in ("web2", "web3"):
        kept = uefi.root / GUESTS / name / "uefi_vars.fd"
        assert kept.read_bytes().startswith(b"written by the guest")
    uefi.chyves("web2,web3", "delete", "force", "-y")
    assert not list((uefi.root / GUESTS).glob("*/uefi_vars.fd"))


def test_variables_of_a_firmware_of_ones_own_are_its_partners(
    uefi: LabHost, tmp_path: Path
) -> None:
    for name in ("OVMF_CODE.fd", "OVMF_VARS.fd"):
        (tmp_path / name).write_bytes(bytes(4096))
        uefi.chyves("firmware", "import", str(tmp_path / name), "-q")
    uefi.chyves("web1", "set", "uefi_vars=yes", "uefi_firmware=OVMF_CODE.fd")
    shown = planned(uefi)
    assert f"cp /chyves/zroot/Firmware/OVMF_VARS.fd/OVMF_VARS.fd /{GUESTS}/web1/" in shown
    (uefi.root / GUESTS / "web1/uefi_vars.fd").write_bytes(b"cut short")
    said = uefi.chyves("web1", "start", status=4).stderr
    assert f"/{GUESTS}/web1/uefi_vars.fd has 9 bytes" in said


def test_variables_without_a_template_say_which_file_is_missing(uefi: LabHost) -> None:
    uefi.chyves("web1", "set", "uefi_vars=yes")
    (uefi.root / FOLDER / "BHYVE_UEFI_VARS.fd").unlink()
    said = uefi.chyves("web1", "start", status=3).stderr
    assert said.splitlines() == [
        f"chyves: web1: uefi_vars=yes needs /{FOLDER}/BHYVE_UEFI_VARS.fd",
        "        pkg install edk2-bhyve",
    ]


@pytest.fixture
def old(tmp_path: Path) -> Iterator[LabHost]:
    """A lab of FreeBSD 12.2 with web1, which boots with UEFI."""
    host = make_lab(tmp_path / "lab", freebsd="12.2")
    host.chyves("dataset", "zroot", "install")
    host.chyves("web1", "create", "1G", "loader=uefi", "uefi_vars=yes")
    put(host, "BHYVE_UEFI.fd")
    yield host
    host.stop_everything()


def test_old_hosts_have_no_variables(old: LabHost) -> None:
    said = old.chyves("web1", "start", "-n", status=4).stderr
    assert said.splitlines() == [
        "chyves: web1: uefi_vars=yes needs FreeBSD 13.2",
        "        chyves web1 set uefi_vars=no",
    ]
