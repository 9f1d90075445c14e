"""The words of iohyve for what a guest is here."""

from __future__ import annotations

from collections.abc import Callable

from chyves_core.guests import Guest
from chyves_core.sizes import exact_size

# What each property of iohyve becomes here: where that is the same, the property stays as it is.
MEANS = {
    "ram": ("ram",),
    "cpu": ("cpu",),
    "con": ("serial",),
    "boot": ("rcboot",),
    "loader": ("loader",),
    "os": ("os",),
    "description": ("description",),
    "bargs": ("bargs",),
    "utc": ("bargs",),
    "template": ("template",),
    "fw": ("uefi_firmware",),
    "sectorsize": ("virtio_block_options_disk0",),
    "vnc": ("uefi_console_output",),
    "vnc_ip": ("uefi_vnc_ip",),
    "vnc_port": ("uefi_vnc_port",),
    "vnc_w": ("uefi_vnc_res",),
    "vnc_h": ("uefi_vnc_res",),
    "vnc_wait": ("uefi_vnc_pause_until_client_connect",),
    "vnc_tablet": ("uefi_vnc_mouse_type",),
}
# What iohyve takes for NO where it is missing, as older versions of it did not write it.
MAY_BE_MISSING = ("utc", "template", "sectorsize", "vnc")
# Words of chyves that iohyve has no equal for, and that a guest would miss.
UNKNOWN = (
    "groups", "notes", "rcboot_delay", "cpu_pin", "limit_cpu", "limit_read", "limit_write",
    "random", "tpm", "sound", "gdb", "uefi_vars", "uefi_vnc_password", "cloud_seed",
)  # fmt: skip


def simple(guest: Guest, then: Callable[[str], str]) -> dict[str, str]:
    """Return what iohyve only calls otherwise; `then` is a number as it was there."""
    value = guest.value
    flags = [word for word in value("bargs").split() if word != "-u"]
    width, _, height = value("uefi_vnc_res").partition("x")
    found = {
        "name": guest.name,
        "size": exact_size(guest.disks[0].size) if guest.disks else "-",
        "ram": value("ram"),
        "cpu": value("cpu"),
        "con": then(value("serial")),
        "persist": "1",
        "boot": "0" if value("rcboot") == "0" else "1",
        "loader": value("loader"),
        "os": value("os"),
        "description": value("description"),
        "bargs": "_".join(flags),
        "template": "YES" if guest.is_template else "NO",
        "utc": "YES" if "-u" in value("bargs").split() else "NO",
        "vnc": "NO",
    }
    if value("uefi_console_output") == "vnc":
        found |= {
            "vnc": "YES",
            "vnc_ip": value("uefi_vnc_ip"),
            "vnc_port": then(value("uefi_vnc_port")),
            "vnc_w": width,
            "vnc_h": height,
            "vnc_wait": value("uefi_vnc_pause_until_client_connect").upper(),
            "vnc_tablet": "YES" if value("uefi_vnc_mouse_type") == "usb3" else "NO",
        }
    if value("uefi_firmware"):
        found["fw"] = value("uefi_firmware")
    options = guest.properties.get("virtio_block_options_disk0", "")
    sizes = [each[11:] for each in options.split(",") if each.startswith("sectorsize=")]
    if sizes and value("loader") == "uefi":
        found["sectorsize"] = sizes[0]
    return found
