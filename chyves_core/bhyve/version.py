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

FLAGS_SINCE = {"-D": "13.0", "-G": "12.0", "-K": "13.2", "-o": "13.1", "-n": "15.0"}
"""The flags that not every bhyve since FreeBSD 10.3 knows, of those that users may choose."""


@dataclass(frozen=True)
class HostFacts:
    """One host: its release as __FreeBSD_version, its processors, and tap's setting.

    `most_cpus` is how many CPUs a guest can have, 0 where vmm has not said it. `has_iommu` is None
    where the host does not tell.
    """

    osreldate: int
    arch: str
    cpus: int
    most_cpus: int
    tap_up_on_open: bool
    has_iommu: bool | None = None

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
        """Whether bhyve reads settings from a file, -k (captures bhyve h: 13.2 has it)."""
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
    def has_nvme_options(self) -> bool:
        """Whether NVMe disks take the options of other block devices (pci_nvme.c, 13.1)."""
        return self.is_at_least("13.1")

    @property
    def has_e1000(self) -> bool:
        """Whether bhyve has Intel's network card (bhyve(8), 11.0)."""
        return self.is_at_least("11.0")

    @property
    def has_framebuffer(self) -> bool:
        """Whether bhyve has a screen and a tablet (bhyve(8), 11.0)."""
        return self.is_at_least("11.0")

    @property
    def has_cpu_topology(self) -> bool:
        """Whether -c takes sockets, cores and threads (bhyve(8), 11.2)."""
        return self.is_at_least("11.2")

    @property
    def has_four_serial_ports(self) -> bool:
        """Whether there are com3 and com4 (bhyve(8), 13.0)."""
        return self.is_at_least("13.0")

    @property
    def has_tcp_serial(self) -> bool:
        """Whether a serial port can be reached by TCP (bhyve(8), 14.1)."""
        return self.is_at_least("14.1")

    @property
    def has_firmware_variables(self) -> bool:
        """Whether bhyve maps a file for the firmware's variables (captures: 13.2 does)."""
        return self.is_at_least("13.1")

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
    # hw.vmm.maxcpu is there only when vmm is loaded; before 13.2 the limit was 16 in all.
    most = number(values.get("hw.vmm.maxcpu"), 16 if osreldate < 1302000 else 0)
    cpus = number(values.get("hw.ncpu"), 1)
    up_on_open = values.get("net.link.tap.up_on_open") == "1"
    return HostFacts(osreldate, values.get("hw.machine_arch", "amd64"), cpus, most, up_on_open)


def number(text: str | None, otherwise: int) -> int:
    """Return a whole number, or `otherwise` where the text is none."""
    return int(text) if text and text.strip().isdigit() else otherwise
