"""Turn the file of `-l bootrom,FILE[,VARIABLES]` into what QEMU can run.

A firmware of the lab is an OVMF image: one file with the variable store in front (OVMF.fd), or
the code alone (OVMF_CODE_4M.fd). Anything else is taken as a plain ROM that ends at 4 GB.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from chyves_core.lab.bhyve.qemu_arguments import Firmware
from chyves_core.lab.bhyve.qemu_devices import CannotEmulateError

VARIABLE_STORE = bytes(16) + bytes.fromhex("8d2bf1ff96768b4ca9852747075b4f50")
"""How a store of UEFI variables begins: EFI_FIRMWARE_VOLUME_HEADER with
EFI_SYSTEM_NV_DATA_FV_GUID (UEFI PI, volume 3). Its length stands at offset 32, in 8 bytes."""

FLASH_BLOCK = 4096
ROM_BLOCK = 65536

Keep = Callable[[bytes], Path]


def firmware_for(bootrom: Path | None, variables: Path | None, keep: Keep) -> Firmware:
    """Return the firmware of a machine; raises CannotEmulateError for what QEMU can't run.

    `keep` takes bytes that must be in a file of their own and returns its path. A variable
    file that holds no store yet gets the empty one that the firmware image brings along.
    """
    if bootrom is None:
        return Firmware()
    image = bootrom.read_bytes()
    if not image:
        raise CannotEmulateError(f"{bootrom.name} is empty")
    own_store = store_at_front(image)
    if variables is not None:
        if own_store is None:
            return Firmware(code=bootrom, variables=variables)
        write_store_where_none_is(variables, own_store)
        return Firmware(code=keep(image[len(own_store) :]), variables=variables)
    if len(image) % ROM_BLOCK == 0:
        return Firmware(rom=bootrom)
    if len(image) > ROM_BLOCK and len(image) % FLASH_BLOCK == 0:
        return Firmware(code=bootrom)
    return Firmware(rom=keep(bytes(-len(image) % ROM_BLOCK) + image))


def store_at_front(image: bytes) -> bytes | None:
    """Return the variable store that an image begins with, or None."""
    if not image.startswith(VARIABLE_STORE):
        return None
    length = int.from_bytes(image[32:40], "little")
    return image[:length] if length <= len(image) else None


def write_store_where_none_is(variables: Path, empty_store: bytes) -> None:
    """Give the variable file an empty store unless it holds one of the right size."""
    present = variables.read_bytes() if variables.exists() else b""
    if len(present) != len(empty_store) or not present.startswith(VARIABLE_STORE):
        variables.write_bytes(empty_store)


def nameless_file(content: bytes, descriptors: list[int]) -> Path:
    """Write bytes to a file without a name, and return a path for those who inherit it.

    Its descriptor is added to `descriptors`. Nothing of it is left when the last process that
    has it open has ended, however that ended.
    """
    descriptor, path = tempfile.mkstemp(prefix="chyves-lab-")
    os.unlink(path)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    descriptors.append(descriptor)
    return Path(f"/dev/fd/{descriptor}")
