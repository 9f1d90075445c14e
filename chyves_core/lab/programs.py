"""The programs of the lab's host, and the module that plays each."""

from __future__ import annotations

PROGRAMS: dict[str, str] = {
    "zfs": "chyves_core.lab.zfs.zfs",
    "zpool": "chyves_core.lab.zfs.zpool",
    "bhyve": "chyves_core.lab.bhyve.bhyve",
    "bhyvectl": "chyves_core.lab.bhyve.bhyvectl",
    "bhyveload": "chyves_core.lab.bhyve.bhyveload",
    "grub-bhyve": "chyves_core.lab.bhyve.grub_bhyve",
    "ifconfig": "chyves_core.lab.host.ifconfig",
    "kldload": "chyves_core.lab.host.kldload",
    "kldstat": "chyves_core.lab.host.kldstat",
    "kldunload": "chyves_core.lab.host.kldunload",
    "mdconfig": "chyves_core.lab.host.mdconfig",
    "sysctl": "chyves_core.lab.host.sysctl",
    "sysrc": "chyves_core.lab.host.sysrc",
    "service": "chyves_core.lab.host.service",
    "daemon": "chyves_core.lab.host.daemon",
    "fetch": "chyves_core.lab.host.fetch",
    "route": "chyves_core.lab.host.route",
    "pfctl": "chyves_core.lab.host.pfctl",
    "dnsmasq": "chyves_core.lab.host.dnsmasq",
    "pciconf": "chyves_core.lab.host.pciconf",
    "swtpm": "chyves_core.lab.host.swtpm",
    "rctl": "chyves_core.lab.host.rctl",
    "cu": "chyves_core.lab.host.cu",
    "ps": "chyves_core.lab.host.ps",
    "pgrep": "chyves_core.lab.host.pgrep",
    "pkill": "chyves_core.lab.host.pkill",
    "uname": "chyves_core.lab.host.uname",
    "logger": "chyves_core.lab.host.logger",
}
