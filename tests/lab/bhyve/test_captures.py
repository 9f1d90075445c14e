"""The lab's bhyve, bhyvectl and bhyveload against the captures of a FreeBSD 13.2 host."""

from __future__ import annotations

import pytest
from host.replay import Result, check, grouped, replay, rows

KNOWN_DIFFERENCES = grouped(
    {
        "statistics of a real CPU": "sp-stats sp-stats-cpu uefi-stats",
        "the lab has no dmesg, procstat, fstat, sockstat, chflags": (
            "dmesg sp-ps sp-threads x-vnc-log x-fstat w-vblk-perm"
        ),
        "a shell cannot open a tap of the lab, only bhyve can": "w-net-busy",
        "a port that another program of the machine has is no error: labs share a machine": (
            "w-fbuf-port-used w-G-used"
        ),
        "the lab has grub-bhyve": "grub",
        "the command that made t6 is not among the captures": "left",
        "SIGUSR1 has another number on Linux": "sp-usr1",
        "the pages that are wired": "wired",
        "the stand-in's UEFI shell has no colours and no mapping table": (
            "uefi-start uefi-console uefi-type uefi-reset uefi-restart uefi-restart2"
        ),
    }
)


@pytest.fixture(scope="module")
def line_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    return replay("bhyve", tmp_path_factory.mktemp("bhyve") / "lab")


@pytest.fixture(scope="module")
def run_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    return replay("bhyve_run", tmp_path_factory.mktemp("bhyve_run") / "lab")


@pytest.fixture(scope="module")
def uefi_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    return replay("bhyve_uefi", tmp_path_factory.mktemp("bhyve_uefi") / "lab")


@pytest.mark.parametrize("row_id", [row["id"] for row in rows("bhyve")])
def test_bhyve_takes_and_refuses_lines_as_captured(
    line_results: dict[str, Result], row_id: str
) -> None:
    check("bhyve", line_results, KNOWN_DIFFERENCES, row_id)


@pytest.mark.parametrize("row_id", [row["id"] for row in rows("bhyve_run")])
def test_guests_end_as_captured(run_results: dict[str, Result], row_id: str) -> None:
    check("bhyve_run", run_results, KNOWN_DIFFERENCES, row_id)


@pytest.mark.parametrize("row_id", [row["id"] for row in rows("bhyve_uefi")])
def test_a_uefi_guest_behaves_as_captured(uefi_results: dict[str, Result], row_id: str) -> None:
    check("bhyve_uefi", uefi_results, KNOWN_DIFFERENCES, row_id)
