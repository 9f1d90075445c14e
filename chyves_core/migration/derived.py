"""What bhyve makes up for a guest that is not told: addresses, serial numbers, a UUID.

It makes them of the VM's name, the PCI slot and the path of the disk, and all of them change when a
guest moves. So they are computed once, as bhyve does, and stored. From FreeBSD's usr.sbin/bhyve:
net_utils.c, block_if.c with pci_ahci.c and pci_virtio_block.c, smbiostbl.c.
"""

from __future__ import annotations

import uuid
from hashlib import md5

from chyves_core.bhyve.slots import Place

# Of NetApp; net_genmac() has it up to today, bhyve(8) calls it a fixed OUI.
DEFAULT_OUI = "00:a0:98"
# nstr[80] in net_genmac().
SEED_LENGTH = 79
# MAXHOSTNAMELEN.
HOSTNAME_LENGTH = 256
# Since then only the path counts, before it was the path with all options.
PATH_ONLY_SINCE = 1301000


def mac(vm_name: str, place: Place) -> str:
    """Return the address of a network interface for which bhyve was given none."""
    seed = f"{place.slot}-{place.function}-{vm_name}"[:SEED_LENGTH]
    tail = digest(seed.encode())[:3]
    return ":".join((DEFAULT_OUI, *(f"{byte:02x}" for byte in tail)))


def disk_serial(path: str, options: str = "", *, osreldate: int) -> str:
    """Return the serial number of an AHCI or virtio disk for which bhyve was given none."""
    whole = f"{path},{options}" if options and osreldate < PATH_ONLY_SINCE else path
    found = digest(whole.encode(errors="surrogateescape")).hex().upper()
    return f"BHYVE-{found[0:4]}-{found[4:8]}-{found[8:12]}"


def guest_uuid(vm_name: str, hostname: str) -> str:
    """Return the UUID of a VM for which bhyve was given none; it may have been another one.

    smbiostbl.c takes all 256 bytes that it has for the host's name, whatever stands behind the
    name; here that is nothing.
    """
    made = bytearray(digest(vm_name.encode() + hostname.encode().ljust(HOSTNAME_LENGTH, b"\0")))
    made[6] = made[6] & 0x0F | 0x30
    made[8] = made[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes_le=bytes(made)))


def digest(data: bytes) -> bytes:
    """Return the MD5 sum of bytes; it keeps no secret here."""
    return md5(data, usedforsecurity=False).digest()
