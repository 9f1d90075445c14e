"""Find the firmware of an UEFI guest, and give the guest its own copy of the UEFI variables."""

from __future__ import annotations

from chyves_core import resources
from chyves_core.bhyve.machine import Media
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import NotFound, Refused
from chyves_core.guests import Guest, Inventory
from chyves_core.host import Host
from chyves_core.plan import Copy, Step

FOLDER = "/usr/local/share/uefi-firmware"
FIRMWARE = f"{FOLDER}/BHYVE_UEFI.fd"
# bhyve(8) pairs this one with a file of variables.
CODE = f"{FOLDER}/BHYVE_UEFI_CODE.fd"
VARIABLES_TEMPLATE = f"{FOLDER}/BHYVE_UEFI_VARS.fd"
# bhyve(8) of arm64.
U_BOOT = "/usr/local/share/u-boot/u-boot-bhyve-arm64/u-boot.bin"
VARIABLES_FILE = "uefi_vars.fd"

# bootrom.c: the ROM and its variables share 16 MiB, both are whole pages.
ROM_BYTES = 16 << 20
PAGE = 4096


def find_firmware(host: Host, inventory: Inventory, guest: Guest, facts: HostFacts) -> str:
    """Return the firmware that an UEFI guest boots with: the one that it names, or the host's own.

    Raises NotFound where it is not there, Refused where bhyve would not take it.
    """
    wanted = guest.properties.get("uefi_firmware")
    if wanted:
        path = find_named(host, inventory, guest, wanted)
    else:
        path = find_default(host, guest, facts)
    if not facts.is_arm64:
        check_size(host, guest, path, 0)
    return path


def find_named(host: Host, inventory: Inventory, guest: Guest, name: str) -> str:
    """Return the file of a firmware resource, or of that name among the host's own."""
    own = f"{FOLDER}/{name}"
    try:
        return resources.find(inventory.storage, resources.FIRMWARE, name).path
    except NotFound as error:
        if host.path(own).is_file():
            return own
        message = f"{guest.name}: uefi_firmware={name}: there is no such firmware, nor {own}"
        raise NotFound(message, error.hint) from None


def find_default(host: Host, guest: Guest, facts: HostFacts) -> str:
    """Return the host's own firmware."""
    names = (CODE, FIRMWARE) if guest.value("uefi_vars") == "yes" else (FIRMWARE,)
    if facts.is_arm64:
        names = (U_BOOT,)
    for path in names:
        if host.path(path).is_file():
            return path
    package = "u-boot-bhyve-arm64" if facts.is_arm64 else "edk2-bhyve"
    raise NotFound(
        f"{guest.name}: there is no UEFI firmware on this host, {names[-1]}",
        f"pkg install {package}, or chyves firmware import FILE",
    )


def check_size(host: Host, guest: Guest, path: str, rom: int) -> int:
    """Return the bytes of a ROM, or of the variables below a ROM of `rom` bytes.

    Raises Refused where bhyve would not take them: it says so only when the guest's network is up.
    """
    size, _ = host.file_size(path)
    if size == 0 or size % PAGE or size > ROM_BYTES - rom:
        room = (ROM_BYTES - rom) >> 20
        raise Refused(
            f"{guest.name}: {path} has {size} bytes; bhyve takes whole pages of {PAGE}, "
            f"at most {room} MiB",
            f"chyves {guest.name} get uefi_firmware",
        )
    return size


def variables_path(guest: Guest) -> str | None:
    """Return where the guest's UEFI variables are, None where it keeps none."""
    return f"{guest.folder}/{VARIABLES_FILE}" if guest.value("uefi_vars") == "yes" else None


def plan_variables(
    host: Host, inventory: Inventory, guest: Guest, media: Media
) -> tuple[Step, ...]:
    """Return the step that gives a guest its own copy of the UEFI variables, where it has none."""
    if not media.variables or not media.firmware:
        return ()
    rom, _ = host.file_size(media.firmware)
    if host.path(media.variables).exists():
        check_size(host, guest, media.variables, rom)
        return ()
    template = find_template(host, inventory, guest, media.firmware)
    check_size(host, guest, template, rom)
    return (Copy(template, media.variables),)


def find_template(host: Host, inventory: Inventory, guest: Guest, firmware: str) -> str:
    """Return the empty variables that belong to a firmware: NAME_VARS.fd for NAME_CODE.fd.

    That is a resource, or one of the host's own files; edk2-bhyve's otherwise.
    """
    name = firmware.rpartition("/")[2]
    partner = name.replace("_CODE.", "_VARS.")
    known = resources.all(inventory.storage, resources.FIRMWARE)
    if partner != name and partner in known:
        return known[partner].path
    own = f"{FOLDER}/{partner}" if partner != name else VARIABLES_TEMPLATE
    for path in (own, VARIABLES_TEMPLATE):
        if host.path(path).is_file():
            return path
    raise NotFound(
        f"{guest.name}: uefi_vars=yes needs {VARIABLES_TEMPLATE}", "pkg install edk2-bhyve"
    )
