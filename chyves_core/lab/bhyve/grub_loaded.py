"""What grub-bhyve left in a VM: which kernel a following bhyve shall find in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from chyves_core.lab.bhyve.vmm import read_vm
from chyves_core.lab.home import Lab

if TYPE_CHECKING:
    from chyves_core.lab.bhyve.qemu_arguments import Loaded


class GrubLoad(TypedDict):
    """The `loaded` entry of a VM's state. Files are GRUB's names: `(hd0,msdos2)/boot/vmlinuz`.

    The kernel itself stays where it is until bhyve runs: `devices` says which image each of
    GRUB's disks is, and where the root of `host`, the host's own files, lies. `kind` is the
    command that loaded it: linux, kopenbsd, knetbsd, kfreebsd.
    """

    by: str
    kind: str
    kernel: str
    initrd: list[str]
    command_line: str
    devices: dict[str, str]


def loaded_kernel(lab: Lab, name: str, descriptors: list[int]) -> Loaded | None:
    """Return the kernel that grub-bhyve put into this VM, read into nameless files.

    None where another loader did: QEMU then starts its BIOS, which boots the first disk, as
    bhyveload does with the loader that it finds there. Raises CannotEmulateError.
    """
    from chyves_core.lab.bhyve.grub_volumes import GrubError
    from chyves_core.lab.bhyve.qemu_arguments import Loaded
    from chyves_core.lab.bhyve.qemu_devices import CannotEmulateError
    from chyves_core.lab.bhyve.qemu_firmware import nameless_file

    state = read_vm(lab, name)
    load: GrubLoad | None = state["loaded"] if state else None
    if not isinstance(load, dict):
        return None
    if load["kind"] != "linux":
        raise CannotEmulateError(f"QEMU cannot start what {load['kind']} loaded")
    devices = {disk: Path(image) for disk, image in load["devices"].items()}
    try:
        kernel = read_grub_file(devices, load["kernel"])
        # As grub-bhyve does: each file starts at a multiple of four bytes.
        initrd = b"".join(_padded(read_grub_file(devices, file)) for file in load["initrd"])
    except GrubError as error:
        raise CannotEmulateError(f"grub-bhyve's kernel is gone: {error}") from error
    return Loaded(
        nameless_file(kernel, descriptors),
        nameless_file(initrd, descriptors) if initrd else None,
        load["command_line"],
    )


def read_grub_file(devices: dict[str, Path], name: str) -> bytes:
    """Return the content of `(DEVICE)/PATH`; raises GrubError in GRUB's words."""
    from chyves_core.lab.bhyve.grub_volumes import GrubError, open_file_system, open_volume

    device, _, path = name.removeprefix("(").partition(")")
    if device == "host":
        return _read_host_file(devices["host"], path)
    volume = open_volume(devices, device)
    with volume.image:
        content = open_file_system(volume).read(path)
    if content is None:
        raise GrubError(f"file `{path}' not found")
    return content


def _read_host_file(root: Path, path: str) -> bytes:
    """Return a file of the lab's host, or where it has none of the machine's own."""
    from chyves_core.lab.bhyve.grub_volumes import GrubError

    inside = Path(path) if path.startswith(f"{root}/") else root / path.lstrip("/")
    try:
        return (inside if inside.exists() else Path(path)).read_bytes()
    except OSError as error:
        raise GrubError(f"can't open `{path}': {error.strerror}") from error


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 4)
