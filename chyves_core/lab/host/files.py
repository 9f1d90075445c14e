"""The files that a FreeBSD host has before anybody has touched it."""

from __future__ import annotations

from chyves_core.lab.home import Lab
from chyves_core.lab.host.oids import ALWAYS

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

FIRST_FILES = {"etc/rc.conf": RC_CONF, "boot/loader.conf": LOADER_CONF, "dev/netmap": ""}

DMESG_BOOT = """\
Copyright (c) 1992-2021 The FreeBSD Project.
Copyright (c) 1979, 1980, 1983, 1986, 1988, 1989, 1991, 1992, 1993, 1994
\tThe Regents of the University of California. All rights reserved.
FreeBSD is a registered trademark of The FreeBSD Foundation.
FreeBSD {release} GENERIC amd64
VT(vga): text 80x25
CPU: {model} (2619.52-MHz K8-class CPU)
  Origin="AuthenticAMD"  Id=0x60fb1  Family=0xf  Model=0x6b  Stepping=1
  Features=0x1783fbfd<FPU,DE,PSE,TSC,MSR,PAE,MCE,CX8,APIC,SEP,MTRR,PGE,MCA,CMOV,PAT,PSE36,MMX,\
FXSR,SSE,SSE2,HTT>
  Features2=0x2001<SSE3,CX16>
  AMD Features=0x20100800<SYSCALL,NX,LM>
  AMD Features2=0x7<LAHF,CMP,SVM>
  SVM: NP,NAsids=16
real memory  = {memory} ({megabytes} MB)
"""
"""What the kernel says of the processor, in the words of captures host dmesg-head and dmesg-cpu."""


def write_host_files(lab: Lab, release: str) -> None:
    """Write the host's files where they are missing; `release` is one such as 14.3."""
    memory = ALWAYS["hw.realmem"]
    messages = DMESG_BOOT.format(
        release=f"{release}-RELEASE",
        model=ALWAYS["hw.model"],
        memory=memory,
        megabytes=int(memory) >> 20,
    )
    for name, text in {**FIRST_FILES, "var/run/dmesg.boot": messages}.items():
        file = lab.root / name
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
