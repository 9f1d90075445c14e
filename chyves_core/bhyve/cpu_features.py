"""What this host's processor can do for bhyve: from sysctl(8), and from the kernel's boot messages.

True and False are what the host says; None is what it does not say, and then nothing is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

BOOT_MESSAGES = "/var/run/dmesg.boot"
SYSCTLS = (
    "hw.vmm.vmx.initialized",
    "hw.vmm.vmx.cap.unrestricted_guest",
    "hw.vmm.svm.features",
    "hw.vmm.iommu.enable",
    "hw.vmm.iommu.initialized",
    "hw.vmm.amdvi.enable",
    "hw.vmm.amdvi.count",
)
"""They are there as long as vmm is loaded, all of them in 13.2 (captures host sysctl-vmm)."""

NESTED_PAGING = 1
DISABLED = "(disabled in BIOS)"


@dataclass(frozen=True)
class CpuFeatures:
    """Second-level paging is Intel's EPT or AMD's RVI (NP), an IOMMU is VT-d or AMD-Vi."""

    second_level_paging: bool | None = None
    unrestricted_guest: bool | None = None
    iommu: bool | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the host has said all."""
        return None not in (self.second_level_paging, self.unrestricted_guest, self.iommu)

    def or_else(self, other: CpuFeatures) -> CpuFeatures:
        """Return these features, with the other's where these are not known."""
        return CpuFeatures(
            known_first(self.second_level_paging, other.second_level_paging),
            known_first(self.unrestricted_guest, other.unrestricted_guest),
            known_first(self.iommu, other.iommu),
        )


UNKNOWN = CpuFeatures()


def known_first(one: bool | None, other: bool | None) -> bool | None:
    """Return the first of two answers that is one."""
    return other if one is None else one


def from_sysctls(values: Mapping[str, str]) -> CpuFeatures:
    """Return what vmm says while it is loaded.

    vmm gets as far as `vmx.initialized` only with EPT. Bit 0 of `svm.features` is nested paging;
    on AMD every guest can run in real mode.
    """
    svm = values.get("hw.vmm.svm.features", "")
    if values.get("hw.vmm.vmx.initialized") == "1":
        unrestricted = values.get("hw.vmm.vmx.cap.unrestricted_guest") == "1"
        return CpuFeatures(True, unrestricted, iommu_of(values))
    if svm.isdigit() and int(svm) & NESTED_PAGING:
        return CpuFeatures(True, True, iommu_of(values))
    return CpuFeatures(iommu=iommu_of(values))


def iommu_of(values: Mapping[str, str]) -> bool | None:
    """Return whether there is an IOMMU that vmm may use.

    vmm starts it with the first device that is passed through, so `iommu.initialized=0` says
    nothing. AMD's needs `amdvi.enable`, a tunable of the loader.
    """
    if values.get("hw.vmm.iommu.initialized") == "1":
        return True
    if values.get("hw.vmm.iommu.enable") == "0":
        return False
    if values.get("hw.vmm.amdvi.count", "0") != "0":
        return values.get("hw.vmm.amdvi.enable") == "1"
    return None


def from_boot_messages(text: str) -> CpuFeatures:
    """Return what the kernel said of the processor when it started.

    Intel: `VT-x: PAT,HLT,MTF,PAUSE,EPT,UG,VPID`. AMD: `SVM: NP,NAsids=16` (captures host
    dmesg-cpu). A processor without either line can't run guests, but for one that a hypervisor
    plays: what it says of itself need not be all.
    """
    iommu = iommu_of_messages(text)
    intel = re.search(r"(?m)^  VT-x: (.*)$", text)
    if intel:
        return intel_features(intel[1], text, iommu)
    amd = re.search(r"(?m)^  SVM: (.*)$", text)
    if amd:
        paging = DISABLED not in amd[1] and "NP" in words_of(amd[1])
        return CpuFeatures(paging, True, iommu)
    flags = words_of(" ".join(re.findall(r"(?m)^  (?:AMD )?Features2=(.*)$", text)))
    neither = bool(flags) and not flags & {"VMX", "SVM", "HV"}
    return CpuFeatures(False if neither else None, None, iommu)


def iommu_of_messages(text: str) -> bool | None:
    """Return whether the kernel saw an IOMMU: its device, or the ACPI table that describes it.

    The tables are DMAR for VT-d and IVRS for AMD-Vi. A verbose boot names all tables there are,
    RSDP first: `ACPI: DMAR 0x00000000BFEF0000 0000B8 (v01 ...)`.
    """
    if re.search(r"(?m)^((dmar|ivhd)\d+:|ACPI: (DMAR|IVRS)) ", text):
        return True
    return False if re.search(r"(?m)^ACPI: RSDP ", text) else None


def intel_features(line: str, text: str, iommu: bool | None) -> CpuFeatures:
    """Return the features of an Intel processor; a verbose boot has them in lines of their own."""
    if DISABLED in line:
        return CpuFeatures(False, None, iommu)
    words = words_of(line)
    if "Basic Features=" in line:
        verbose = re.search(r"(?m)^\s+Secondary Processor Controls=(.*)$", text)
        if not verbose:
            return CpuFeatures(iommu=iommu)
        words = words_of(verbose[1])
    return CpuFeatures("EPT" in words, "UG" in words, iommu)


def words_of(text: str) -> frozenset[str]:
    """Return the words of a list of features."""
    return frozenset(word for word in re.split(r"[\s,<>=]+", text) if word)
