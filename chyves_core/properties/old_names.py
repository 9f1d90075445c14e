"""What iohyve and vm-bhyve call a property that has another name here."""

from __future__ import annotations

import re

# {n} stands for a number, and for the same number in the new name.
OLD_NAMES = {
    # iohyve
    "boot": "rcboot",
    "con": "serial",
    "fw": "uefi_firmware",
    "desc": "description",
    "pcidev:{n}": "pcidev_{n}",
    "mac_tap{n}": "tap{n}_mac",
    "vnc_ip": "uefi_vnc_ip",
    "vnc_port": "uefi_vnc_port",
    "vnc_wait": "uefi_vnc_pause_until_client_connect",
    "vnc_tablet": "uefi_vnc_mouse_type",
    # vm-bhyve
    "memory": "ram",
    "bhyve_options": "bargs",
    "graphics": "uefi_console_output",
    "graphics_listen": "uefi_vnc_ip",
    "graphics_port": "uefi_vnc_port",
    "graphics_res": "uefi_vnc_res",
    "graphics_wait": "uefi_vnc_pause_until_client_connect",
    "xhci_mouse": "uefi_vnc_mouse_type",
    "passthru{n}": "pcidev_{n}",
    "disk{n}_opts": "virtio_block_options_disk{n}",
    "virt_random": "random",
}
# What has become a command.
COMMANDS = {"tap": "chyves network GUEST add tap", "install": "chyves GUEST start ISO"}


def hint_for(name: str) -> str | None:
    """Return what to say to somebody who knows a property by an old name; None for no such."""
    if name in COMMANDS:
        return COMMANDS[name]
    for old, new in OLD_NAMES.items():
        found = re.fullmatch(re.escape(old).replace(r"\{n\}", "([0-9]+)"), name)
        if found:
            number = found.group(1) if found.groups() else ""
            return f"it is called {new.replace('{n}', number)} here"
    return None
