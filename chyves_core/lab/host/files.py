"""The files that a FreeBSD host has before anybody has touched it."""

from __future__ import annotations

from chyves_core.lab.home import Lab

RC_CONF = """\
hostname="lab.example.net"
ifconfig_em0="inet 192.0.2.10 netmask 255.255.255.0"
defaultrouter="192.0.2.1"
sshd_enable="YES"
zfs_enable="YES"
"""

LOADER_CONF = """\
kern.geom.label.disk_ident.enable="0"
zfs_load="YES"
"""

FIRST_FILES = {"etc/rc.conf": RC_CONF, "boot/loader.conf": LOADER_CONF}


def write_host_files(lab: Lab) -> None:
    """Write the host's files where they are missing."""
    for name, text in FIRST_FILES.items():
        file = lab.root / name
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
