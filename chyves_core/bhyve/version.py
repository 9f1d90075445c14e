"""What this host's bhyve can do, as far as command lines depend on it."""

from __future__ import annotations

from dataclasses import dataclass

from chyves_core.host import Host

SYSCTLS = (
    "kern.osreldate",
    "hw.machine_arch",
    "hw.ncpu",
    "hw.vmm.maxcpu",
    "net.link.tap.up_on_open",
)


@dataclass(frozen=True)
class HostFacts:
    """One host: its release as __FreeBSD_version, its processors, and tap's setting."""

    osreldate: int
    arch: str
    cpus: int
    most_cpus: int
    tap_up_on_open: bool

    @property
    def has_config_file(self) -> bool:
        """Whether bhyve reads settings from a file, -k (captures bhyve h: 13.2 has it)."""
        return self.osreldate >= 1301000

    @property
    def has_disk_serials(self) -> bool:
        """Whether all block devices take ser=, and pass unknown options by (bhyve(8), 13.0)."""
        return self.osreldate >= 1300000

    @property
    def tap_module(self) -> str:
        """The kernel module that makes taps; tun and tap became one in 13."""
        return "if_tuntap" if self.osreldate >= 1300029 else "if_tap"

    @property
    def longest_vm_name(self) -> int:
        """How long a VM's name can be: vmm_param.h and SPECNAMELEN of each release."""
        if self.osreldate >= 1300000:
            return 229
        return 37 if self.osreldate >= 1200000 else 31


def read_facts(host: Host) -> HostFacts:
    """Read what plans depend on with one sysctl call."""
    answer = host.read("sysctl", "-ie", *SYSCTLS)
    values = dict(line.partition("=")[::2] for line in answer.stdout.splitlines())
    osreldate = number(values.get("kern.osreldate"), 0)
    # hw.vmm.maxcpu is there only when vmm is loaded; before 13.2 the limit was 16 in all.
    most = number(values.get("hw.vmm.maxcpu"), 16 if osreldate < 1302000 else 0)
    cpus = number(values.get("hw.ncpu"), 1)
    up_on_open = values.get("net.link.tap.up_on_open") == "1"
    return HostFacts(osreldate, values.get("hw.machine_arch", "amd64"), cpus, most, up_on_open)


def number(text: str | None, otherwise: int) -> int:
    """Return a whole number, or `otherwise` where the text is none."""
    return int(text) if text and text.strip().isdigit() else otherwise
