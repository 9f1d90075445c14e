"""What this host's bhyve can do, as far as command lines depend on it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chyves_core.bhyve import cpu_features
from chyves_core.bhyve.cpu_features import CpuFeatures
from chyves_core.host import Host

SYSCTLS = (
    "kern.osreldate",
    "hw.machine_arch",
    "hw.ncpu",
    "hw.vmm.maxcpu",
    "net.link.tap.up_on_open",
    "net.link.bridge.member_ifaddrs",
    "kern.racct.enable",
    *cpu_features.SYSCTLS,
)

FLAGS_SINCE = {"-D": "13.0", "-G": "12.0", "-K": "13.2", "-o": "13.1", "-n": "16.0"}
"""The flags that not every bhyve since FreeBSD 10.3 knows, of those that users may choose.

bhyve(8) of 12.2 has -G and not -D, 13.0's has -D and not -K and -o. -o is in the source of 13.1;
captures bhyve h: 13.2 has -K. -n is src f1d705d4f431, of 2025; which 15 has it is not known
exactly, and a bhyve without it says so.
"""


@dataclass(frozen=True)
class HostFacts:
    """One host: its release as __FreeBSD_version, its processors, and tap's setting.

    `most_cpus` is how many CPUs a guest can have. What `cpu` does not
    know is None; so is `racct`, the kernel's resource accounting, where the kernel has none.
    `members_have_addresses` is False where a bridge takes no member with an IP address
    (if_bridge(4), from 15.0 on; 16 has no sysctl for it any more and takes none).
    """

    osreldate: int
    arch: str
    cpus: int
    most_cpus: int
    tap_up_on_open: bool
    cpu: CpuFeatures = cpu_features.UNKNOWN
    racct: bool | None = None
    members_have_addresses: bool = True

    @property
    def has_iommu(self) -> bool | None:
        """Whether devices of the host can be given to guests."""
        return self.cpu.iommu

    @property
    def has_second_level_paging(self) -> bool | None:
        """Whether the processor has EPT or RVI, without which vmm does not start (vmm(4))."""
        return self.cpu.second_level_paging

    @property
    def has_unrestricted_guest(self) -> bool | None:
        """Whether guests can run in real mode: firmware does, and so do further CPUs at first."""
        return self.cpu.unrestricted_guest

    def is_at_least(self, release: str) -> bool:
        """Return whether the host's release is that one or a later one, such as 13.1."""
        major, _, minor = release.partition(".")
        return self.osreldate >= int(major) * 100_000 + int(minor) * 1_000

    def missing_flag(self, flag: str) -> str:
        """Return the release that brought a flag this host's bhyve does not know, or nothing."""
        since = FLAGS_SINCE.get(flag, "")
        return since if since and not self.is_at_least(since) else ""

    @property
    def is_arm64(self) -> bool:
        """Whether bhyve is the one of arm64: no LPC bridge, no loaders (bhyve(8), 15.0)."""
        return self.arch == "aarch64"

    @property
    def has_config_file(self) -> bool:
        """Whether bhyve reads settings from a file, -k.

        bhyve(8) of 13.0 has none, the source of 13.1 and captures bhyve h (13.2) have it.
        """
        return self.is_at_least("13.1")

    @property
    def has_disk_serials(self) -> bool:
        """Whether all block devices take ser=: virtio-blk refused it before (block_if.c, 13.1)."""
        return self.is_at_least("13.1")

    @property
    def has_nvme(self) -> bool:
        """Whether bhyve has NVMe disks (bhyve(8), 12.0)."""
        return self.is_at_least("12.0")

    @property
    def has_scsi_ports(self) -> bool:
        """Whether bhyve has virtio-scsi, and ctl(4) more than one ioctl port (r333446, 12.0)."""
        return self.is_at_least("12.0")

    @property
    def has_nvme_options(self) -> bool:
        """Whether NVMe disks take the options of other block devices (pci_nvme.c, 13.1)."""
        return self.is_at_least("13.1")

    @property
    def has_e1000(self) -> bool:
        """Whether bhyve has Intel's network card.

        bhyve(8) of 10.4 has it, merged as r304425 in August 2016, when 11.0 had its own branch
        already. So 11.0 is not known exactly.
        """
        return self.is_at_least("11.1") or self.osreldate // 1_000 == 1_004

    @property
    def has_framebuffer(self) -> bool:
        """Whether bhyve has a screen and a tablet.

        r302332 brought them into what became 11.0; bhyve(8) of 10.4 has none.
        """
        return self.is_at_least("11.0")

    @property
    def has_cpu_topology(self) -> bool:
        """Whether -c takes sockets, cores and threads.

        D9930, April 2018, before 12.0; whether 11.2 got it is not known exactly.
        """
        return self.is_at_least("12.0")

    @property
    def has_four_serial_ports(self) -> bool:
        """Whether there are com3 and com4: in the source of 13.0, not in that of 12.2."""
        return self.is_at_least("13.0")

    @property
    def has_tcp_serial(self) -> bool:
        """Whether a serial port can be reached by TCP.

        src 1f903953fbf8 (D45120) came after 14.1; which 14 got it is not known exactly.
        """
        return self.is_at_least("15.0")

    @property
    def has_firmware_variables(self) -> bool:
        """Whether bhyve maps a file for the firmware's variables.

        Captures bhyve_uefi: 13.2 does; the source of 13.1 takes all behind the comma for a path.
        """
        return self.is_at_least("13.2")

    @property
    def has_loader_core_flag(self) -> bool:
        """Whether bhyveload knows -C: bhyveload.c of 10.4 does not, that of 12.0 does."""
        return self.is_at_least("12.0")

    @property
    def tap_module(self) -> str:
        """The kernel module that makes taps; tun and tap became one in 13."""
        return "if_tuntap" if self.osreldate >= 1300029 else "if_tap"

    @property
    def longest_vm_name(self) -> int:
        """How long a VM's name can be: vmm_param.h and SPECNAMELEN of each release."""
        if self.is_at_least("13.0"):
            return 229
        return 37 if self.is_at_least("12.0") else 31


def read_facts(host: Host) -> HostFacts:
    """Read what plans depend on with one sysctl call."""
    answer = host.read("sysctl", "-ie", *SYSCTLS)
    values = dict(line.partition("=")[::2] for line in answer.stdout.splitlines())
    osreldate = number(values.get("kern.osreldate"), 0)
    cpus = number(values.get("hw.ncpu"), 1)
    # hw.vmm.maxcpu is there only when vmm is loaded; it is as many as the host has, but for a
    # tunable of the loader (vmm.c), and before 13.2 the limit was 16 in all.
    most = number(values.get("hw.vmm.maxcpu"), 16 if osreldate < 1302000 else cpus)
    up_on_open = values.get("net.link.tap.up_on_open") == "1"
    arch = values.get("hw.machine_arch", "amd64")
    otherwise = "0" if osreldate >= 1600000 else "1"
    racct = values.get("kern.racct.enable")
    return HostFacts(
        osreldate,
        arch,
        cpus,
        most,
        up_on_open,
        cpu_features.from_sysctls(values),
        None if racct is None else racct == "1",
        members_have_addresses=values.get("net.link.bridge.member_ifaddrs", otherwise) != "0",
    )


def read_boot_facts(host: Host) -> HostFacts:
    """Read all that a boot depends on: where vmm is not loaded, the kernel's boot messages too."""
    facts = read_facts(host)
    if facts.cpu.is_whole or facts.is_arm64:
        return facts
    messages = host.read_text(cpu_features.BOOT_MESSAGES) or ""
    return replace(facts, cpu=facts.cpu.or_else(cpu_features.from_boot_messages(messages)))


def number(text: str | None, otherwise: int) -> int:
    """Return a whole number, or `otherwise` where the text is none."""
    return int(text) if text and text.strip().isdigit() else otherwise
