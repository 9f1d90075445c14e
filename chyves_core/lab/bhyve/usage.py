"""bhyve's usage text, and which options each release takes."""

from __future__ import annotations

from chyves_core.lab.bhyve.refused import Refused

OPTIONS_13 = "aehuwxACDHIPSWYk:o:p:G:c:s:m:l:K:U:"
"""The option string of FreeBSD 13.2 (captures bhyve: -b, -g, -d and -r are illegal there)."""

USAGE = """\
Usage: bhyve [-AaCDeHhPSuWwxY]
             [-c [[cpus=]numcpus][,sockets=n][,cores=n][,threads=n]]
             [-G port] [-k config_file] [-l lpc] [-m mem] [-o var=value]
             [-p vcpu:hostcpu] [-r file] [-s pci] [-U uuid] vmname
       -A: create ACPI tables
       -a: local apic is in xAPIC mode (deprecated)
       -C: include guest memory in core file
       -c: number of CPUs and/or topology specification
       -D: destroy on power-off
       -e: exit on unhandled I/O access
       -G: start a debug server
       -H: vmexit from the guest on HLT
       -h: help
       -k: key=value flat config file
       -K: PS2 keyboard layout
       -l: LPC device configuration
       -m: memory size
       -o: set config 'var' to 'value'
       -P: vmexit from the guest on pause
       -p: pin 'vcpu' to 'hostcpu'
       -S: guest memory cannot be swapped
       -s: <slot,driver,configinfo> PCI slot config
       -U: UUID
       -u: RTC keeps UTC time
       -W: force virtio to use single-vector MSI
       -w: ignore unimplemented MSRs
       -x: local APIC is in x2APIC mode
       -Y: disable MPtable generation"""


def option_letters(freebsd: tuple[int, int]) -> str:
    """Return the getopt(3) string of that release's bhyve.

    13.2 is captured; the others follow the manual pages: -b and -g end with 12, -k, -o and -K
    are not in 13.0's page, -f comes with 14.
    """
    letters = OPTIONS_13
    if freebsd < (13, 0):
        letters += "bg:"
    if freebsd < (13, 1):
        for option in ("k:", "o:", "K:"):
            letters = letters.replace(option, "", 1)
    if freebsd >= (14, 0):
        letters += "f:"
    return letters


def usage(status: int, reason: str = "") -> Refused:
    """Return the refusal that prints the usage text, below the reason where there is one."""
    return Refused(f"bhyve: {reason}\n{USAGE}" if reason else USAGE, status)
