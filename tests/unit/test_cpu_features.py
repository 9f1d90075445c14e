"""What processors say of themselves, and what follows; None is: it was not said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chyves_core.bhyve.cpu_features import CpuFeatures, from_boot_messages, from_sysctls

CAPTURES = Path(__file__).resolve().parents[1] / "captures" / "host.jsonl"
NOTHING = CpuFeatures()


def captured(row_id: str) -> str:
    """The output of a command on the captured host."""
    rows = map(json.loads, CAPTURES.read_text().splitlines())
    return str(next(row["stdout"] for row in rows if row["id"] == row_id))


def sysctls(text: str) -> dict[str, str]:
    return dict(line.partition(": ")[::2] for line in text.splitlines())


def cpu(features: str, more: str = "") -> str:
    """Boot messages with one processor's lines."""
    return f'CPU: X (2.0-MHz K8-class CPU)\n  Origin="X"\n  Features2={features}\n{more}'


def test_the_captured_host_can_run_guests_and_says_nothing_of_an_iommu() -> None:
    assert from_sysctls(sysctls(captured("sysctl-vmm"))) == CpuFeatures(True, True, None)
    assert from_boot_messages(captured("dmesg-cpu")) == CpuFeatures(True, True, None)


def test_a_host_without_vmm_and_boot_messages_says_nothing() -> None:
    assert from_sysctls({}) == NOTHING
    assert from_boot_messages("") == NOTHING


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  VT-x: PAT,HLT,MTF,PAUSE,EPT,UG,VPID", CpuFeatures(True, True)),
        ("  VT-x: PAT,HLT,MTF,PAUSE,EPT,VPID", CpuFeatures(True, False)),
        ("  VT-x: HLT,PAUSE", CpuFeatures(False, False)),
        ("  VT-x: (disabled in BIOS) PAT,HLT,MTF,PAUSE,EPT,UG", CpuFeatures(False)),
        ("  VT-x: Basic Features=0x1<SMM>", NOTHING),
        (
            "  VT-x: Basic Features=0x1<SMM>\n"
            "        Secondary Processor Controls=0x1<APIC,EPT,UG>",
            CpuFeatures(True, True),
        ),
        ("  SVM: NP,NRIP,VClean,NAsids=32768", CpuFeatures(True, True)),
        ("  SVM: Features=0x1<NP,LbrVirt>", CpuFeatures(True, True)),
        ("  SVM: NAsids=64", CpuFeatures(False, True)),
        ("  SVM: (disabled in BIOS) NP,NAsids=64", CpuFeatures(False, True)),
    ],
)
def test_what_a_line_of_the_boot_messages_means(line: str, expected: CpuFeatures) -> None:
    assert from_boot_messages(cpu("0x1<SSE3,VMX>", f"{line}\n")) == expected


def test_a_processor_with_neither_vmx_nor_svm_runs_no_guests_unless_it_is_played() -> None:
    assert from_boot_messages(cpu("0x1<SSE3,POPCNT>")) == CpuFeatures(False)
    assert from_boot_messages(cpu("0x1<SSE3,HV>")) == NOTHING
    assert from_boot_messages(cpu("0x1<SSE3,VMX>")) == NOTHING


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"vmx.initialized": "1", "vmx.cap.unrestricted_guest": "1"}, CpuFeatures(True, True)),
        ({"vmx.initialized": "1", "vmx.cap.unrestricted_guest": "0"}, CpuFeatures(True, False)),
        ({"vmx.initialized": "0", "svm.features": "0"}, NOTHING),
        ({"iommu.enable": "1", "iommu.initialized": "0"}, NOTHING),
        ({"iommu.enable": "0", "iommu.initialized": "0"}, CpuFeatures(iommu=False)),
        ({"iommu.initialized": "1"}, CpuFeatures(iommu=True)),
        ({"amdvi.count": "1", "amdvi.enable": "0"}, CpuFeatures(iommu=False)),
        ({"amdvi.count": "1", "amdvi.enable": "1"}, CpuFeatures(iommu=True)),
        ({"amdvi.count": "0", "amdvi.enable": "0"}, NOTHING),
    ],
)
def test_what_vmm_says(values: dict[str, str], expected: CpuFeatures) -> None:
    assert from_sysctls({f"hw.vmm.{name}": value for name, value in values.items()}) == expected


def test_an_iommu_that_the_kernel_names_is_there() -> None:
    assert from_boot_messages("ivhd0: <AMD-Vi/IOMMU ivhd> on acpi0\n") == CpuFeatures(iommu=True)
    assert from_boot_messages("dmar0: <DMA remap> on acpi0\n") == CpuFeatures(iommu=True)


@pytest.mark.parametrize(("table", "expected"), [("DMAR", True), ("IVRS", True), ("HPET", False)])
def test_a_verbose_boot_names_the_tables_of_an_iommu(table: str, expected: bool) -> None:
    tables = "".join(
        f"ACPI: {name} 0x00000000BFEF0000 0000B8 (v01 OEM    OEMBOARD 00000001 OEM 00000001)\n"
        for name in ("RSDP", "XSDT", "FACP", table)
    )
    assert from_boot_messages(tables) == CpuFeatures(iommu=expected)


def test_what_vmm_says_comes_before_what_the_kernel_said() -> None:
    said = CpuFeatures(True, False, None).or_else(CpuFeatures(False, True, True))
    assert said == CpuFeatures(True, False, True)
