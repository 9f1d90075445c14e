"""Which flash chips a firmware file becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from chyves_core.lab.bhyve.qemu_arguments import Firmware
from chyves_core.lab.bhyve.qemu_devices import CannotEmulateError
from chyves_core.lab.bhyve.qemu_firmware import VARIABLE_STORE, firmware_for

STORE = VARIABLE_STORE + (0x20000).to_bytes(8, "little") + bytes(0x20000 - 40)
CODE = b"\xf4" * 0x1E0000


@pytest.fixture
def combined(tmp_path: Path) -> Path:
    """An image as OVMF.fd is: the variable store, then the code."""
    file = tmp_path / "OVMF.fd"
    file.write_bytes(STORE + CODE)
    return file


class Kept:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "kept"

    def __call__(self, content: bytes) -> Path:
        self.file.write_bytes(content)
        return self.file


def test_a_guest_without_variables_runs_the_image_as_it_is(combined: Path, tmp_path: Path) -> None:
    assert firmware_for(combined, None, Kept(tmp_path)) == Firmware(rom=combined)


def test_with_variables_the_code_of_a_combined_image_is_a_chip_of_its_own(
    combined: Path, tmp_path: Path
) -> None:
    variables, keep = tmp_path / "vars.fd", Kept(tmp_path)
    variables.write_bytes(STORE[:-4] + b"mine")
    assert firmware_for(combined, variables, keep) == Firmware(code=keep.file, variables=variables)
    assert keep.file.read_bytes() == CODE
    assert variables.read_bytes().endswith(b"mine"), "the guest's variables are kept"


@pytest.mark.parametrize("content", [b"", bytes(4096), STORE[:-4096]])
def test_a_variable_file_that_holds_no_store_gets_an_empty_one(
    combined: Path, tmp_path: Path, content: bytes
) -> None:
    variables = tmp_path / "vars.fd"
    variables.write_bytes(content)
    firmware_for(combined, variables, Kept(tmp_path))
    assert variables.read_bytes() == STORE


def test_code_and_variables_that_are_two_files_are_two_chips(tmp_path: Path) -> None:
    code, variables = tmp_path / "CODE.fd", tmp_path / "VARS.fd"
    code.write_bytes(CODE)
    variables.write_bytes(STORE)
    assert firmware_for(code, variables, Kept(tmp_path)) == Firmware(None, code, variables)


def test_a_small_rom_ends_where_the_processor_starts(tmp_path: Path) -> None:
    rom, keep = tmp_path / "halt.rom", Kept(tmp_path)
    rom.write_bytes(b"\xf4" * 4096)
    assert firmware_for(rom, None, keep) == Firmware(rom=keep.file)
    padded = keep.file.read_bytes()
    assert len(padded) == 65536
    assert padded.endswith(bytes(100) + b"\xf4" * 4096)


def test_an_empty_file_is_no_firmware(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(CannotEmulateError):
        firmware_for(empty, None, Kept(tmp_path))
