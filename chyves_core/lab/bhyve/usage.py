"""bhyve's usage text in each release."""

from __future__ import annotations

from chyves_core.lab.bhyve.refused import Refused
from chyves_core.lab.bhyve.releases import Release

HEAD = {
    10: """\
Usage: bhyve [-abehuwxACHPSWY] [-c vcpus] [-g <gdb port>] [-l <lpc>]
             [-m mem] [-p vcpu:hostcpu] [-s <pci>] [-U uuid] <vm>""",
    11: """\
Usage: bhyve [-abehuwxACHPSWY]
             [-c [[cpus=]numcpus][,sockets=n][,cores=n][,threads=n]]
             [-g <gdb port>] [-l <lpc>]
             [-m mem] [-p vcpu:hostcpu] [-s <pci>] [-U uuid] <vm>""",
    12: """\
Usage: bhyve [-abehuwxACDHPSWY]
             [-c [[cpus=]numcpus][,sockets=n][,cores=n][,threads=n]]
             [-g <gdb port>] [-l <lpc>]
             [-m mem] [-p vcpu:hostcpu] [-s <pci>] [-U uuid] <vm>""",
    13: """\
Usage: bhyve [-AaCDeHhPSuWwxY]
             [-c [[cpus=]numcpus][,sockets=n][,cores=n][,threads=n]]
             [-G port] [-k config_file] [-l lpc] [-m mem] [-o var=value]
             [-p vcpu:hostcpu] [-r file] [-s pci] [-U uuid] vmname""",
}
"""How the text begins: 10.4, 11.3, 12.2, 13.2. Of 13.0 and 13.1 it is not known to the letter."""

LINES_12 = """\
       -a: local apic is in xAPIC mode (deprecated)
       -A: create ACPI tables
       -c: number of cpus and/or topology specification
       -C: include guest memory in core file
       -D: destroy on power-off
       -e: exit on unhandled I/O access
       -g: gdb port
       -h: help
       -H: vmexit from the guest on hlt
       -l: LPC device configuration
       -m: memory size in MB
       -p: pin 'vcpu' to 'hostcpu'
       -P: vmexit from the guest on pause
       -s: <slot,driver,configinfo> PCI slot config
       -S: guest memory cannot be swapped
       -u: RTC keeps UTC time
       -U: uuid
       -w: ignore unimplemented MSRs
       -W: force virtio to use single-vector MSI
       -x: local apic is in x2APIC mode
       -Y: disable MPtable generation"""

LINES_13 = """\
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


def usage_text(freebsd: Release) -> str:
    """Return the usage text of that release's bhyve."""
    major = min(max(freebsd[0], 10), 13)
    text = f"{HEAD[major]}\n{LINES_13 if major == 13 else LINES_12}"
    if freebsd >= (15, 0):
        text = text.replace("[-AaC", "[-aC").replace("       -A: create ACPI tables\n", "")
    if freebsd < (12, 2):
        text = text.replace("ACDHP", "ACHP").replace("       -D: destroy on power-off\n", "")
    if major == 10:
        text = text.replace(
            "-c: number of cpus and/or topology specification", "-c: # cpus (default 1)"
        )
    return text


def usage(freebsd: Release, status: int, reason: str = "") -> Refused:
    """Return the refusal that prints the usage text, below the reason where there is one."""
    text = usage_text(freebsd)
    return Refused(f"bhyve: {reason}\n{text}" if reason else text, status)
