"""The checks of properties that become devices; a comma would end a word of bhyve's options."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from chyves_core.properties.matching import Wrong, matching

PATH = r"/[^,]*[^,/]"


def bhyve_flags(value: str) -> str:
    """Take flags for bhyve; refuse those that chyves makes itself from other properties."""
    from chyves_core.bhyve import bargs

    try:
        bargs.parse(value)
    except ValueError as error:
        raise Wrong(str(error)) from error
    return value


def pci_device(value: str) -> str:
    """Take a PCI device in bhyve's own words."""
    matching(value, r"[a-z][a-z0-9_-]*(,\S.*)?", "must be a device of bhyve(8)")
    if value.partition(",")[0] == "passthru":
        where = r"ppt\d+|\d+/\d+/[0-7]|pci\d+:\d+:[0-7]|pci\d+:\d+:\d+:[0-7]"
        said = "must be passthru,BUS/SLOT/FUNCTION, as pciconf -l names it, or passthru,ppt{n}"
        matching(value, rf"passthru,({where})(,rom={PATH})?", said)
    if "password=" in value:
        raise Wrong("a password here can be read by every user; set uefi_vnc_password")
    return value


def serial_port(value: str) -> str:
    """Take what a serial port is connected to: a terminal of the host, or a port of TCP."""
    if not value.startswith("tcp="):
        said = "must be /dev/nmdm{n}A, another terminal below /dev, or tcp=IP:PORT"
        return matching(value, r"/dev/[A-Za-z][A-Za-z0-9._/-]*", said)
    check_address(value.removeprefix("tcp="))
    return value


def gdb_port(value: str) -> str:
    """Take the port of a debugger, with an address and with w before it where these are wanted."""
    where = value.removeprefix("w")
    if where.isdigit():
        check_port(where)
    else:
        check_address(where)
    return value


def check_address(text: str) -> None:
    """Refuse what is not IP:PORT, or [IPv6]:PORT."""
    address, _, port = text.rpartition(":")
    try:
        ipaddress.ip_address(address.removeprefix("[").removesuffix("]"))
    except ValueError as error:
        raise Wrong(f"{address or text} is no IP address; it goes IP:PORT") from error
    if (":" in address) != (address.startswith("[") and address.endswith("]")):
        raise Wrong("an IPv6 address stands in brackets, [::1]:PORT")
    check_port(port)


def check_port(text: str) -> None:
    """Refuse what is no port number."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise Wrong(f"{text} is no port, 1 to 65535")


def cpu_pins(value: str) -> str:
    """Take pairs of virtual CPU and host CPU, no pair twice."""
    pairs = value.split(",")
    for pair in pairs:
        matching(pair, r"\d{1,4}:\d{1,4}", f"{pair} is not VCPU:CPU, such as 0:2")
    if len(set(pairs)) != len(pairs):
        raise Wrong("names a pair twice")
    return value


def numa_domain(value: str) -> str:
    """Take a NUMA domain: its memory and its virtual CPUs."""
    said = "must be size=SIZE,cpus=FIRST-LAST, such as size=4G,cpus=0-3"
    return matching(value, r"size=\d{1,6}[MmGgTt],cpus=\d{1,3}(-\d{1,3})?", said)


def share(value: str) -> str:
    """Take a share of virtio-9p: NAME=/PATH, with ,ro where the guest may not write."""
    matching(value, rf"[A-Za-z0-9_.-]{{1,31}}={PATH}(,ro)?", "must be NAME=/PATH or NAME=/PATH,ro")
    return value


def port_name(value: str) -> str:
    """Take the name of a port of the virtio console."""
    return matching(
        value, r"[A-Za-z0-9][A-Za-z0-9_.-]{0,15}", "must be a name of 16 letters or less"
    )


def device_path(value: str, prefix: str) -> str:
    """Take the path of a device of the host that begins with those words and ends in a number."""
    return matching(value, re.escape(prefix) + r"\d{1,4}", f"must be {prefix}{{n}}")


def sound(value: str) -> str:
    """Take the devices of a sound card: play=, rec=, or both."""
    words = value.split(",")
    for word in words:
        matching(word, r"(play|rec)=/dev/dsp[\d.]*", f"{word} is not play=/dev/dsp or rec=/dev/dsp")
    if len({word.partition("=")[0] for word in words}) != len(words):
        raise Wrong("names a direction twice")
    return value


def tpm(value: str) -> str:
    """Take the host's module, or the word swtpm."""
    return matching(value, r"swtpm|passthru,/dev/tpm\d+", "must be swtpm or passthru,/dev/tpm0")


def fwcfg_item(value: str) -> str:
    """Take an item for the firmware: NAME,string=TEXT or NAME,file=/PATH."""
    said = "must be NAME,string=TEXT or NAME,file=/PATH"
    return matching(value, rf"[!-+\--<>-~]{{1,55}},(string=[^,]+|file={PATH})", said)


CHECKS: dict[str, Callable[..., str]] = {
    "bhyve_flags": bhyve_flags,
    "pci_device": pci_device,
    "serial_port": serial_port,
    "gdb_port": gdb_port,
    "cpu_pins": cpu_pins,
    "numa_domain": numa_domain,
    "share": share,
    "port_name": port_name,
    "device_path": device_path,
    "sound": sound,
    "tpm": tpm,
    "fwcfg_item": fwcfg_item,
}
"""The names by which properties.spec calls them."""
