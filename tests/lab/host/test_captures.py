"""The lab's host against captures/host.jsonl and ifconfig.jsonl: a FreeBSD 13.2 host."""

from __future__ import annotations

import pytest

from host.replay import Result, check, grouped, replay, rows

KNOWN_DIFFERENCES = grouped(
    {
        "what the kernel printed at boot: the lab has no dmesg": (
            "dmesg-cpu dmesg-head dmesg-vmm dmesg-boot"
        ),
        "the machine's own programs: the lab does not play them": (
            "mount mount-p df df-T devinfo geom diskinfo stat-zvol id date sockstat swap kenv"
            " lockf truncate ls-errors netstat-i netstat-rn"
        ),
        "the machine's own sh words its messages in its own way": (
            "nocommand nocommand-path sh-errors ps-missing"
        ),
        "the lab's programs lie in its bin/": "which",
        "a look at an nmdm node cannot make the pair: bhyve and cu make it": (
            "dev-nmdm-stat dev-nmdm-test nmdm-open nmdm-echo nmdm-cooked nmdm-read-closed"
            " nmdm-read-hup nmdm-stty nmdm-excl nmdm-owner nmdm-nonroot nmdm-writeonly"
        ),
        "the machine has no /var/spool/lock": "cu",
        "the machine's own /dev and /usr/share": "dev-ls pciconf-vendors",
        "no BARs and capabilities: nothing in chyves reads them": "pciconf-lb",
        "zpool does not load zfs.ko and nothing mounts in the machine": "zfs-load zfs-unload",
        "volumes have no partition nodes; dd is the machine's": "zvol-part",
        "the kernel's own processes": "ps",
        "a shell cannot open a tap of the lab, only bhyve can": (
            "tap-open tap-open-twice tap-uponopen bhyve-a a-end"
        ),
        "the shell of the capture driver is no process of the lab": (
            "bhyve-start bhyve-destroy-tap"
        ),
        "a process number": "bhyve-pid",
    }
)


@pytest.fixture(scope="module")
def host_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    return replay("host", tmp_path_factory.mktemp("host") / "lab")


@pytest.fixture(scope="module")
def ifconfig_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    return replay("ifconfig", tmp_path_factory.mktemp("ifconfig") / "lab")


@pytest.mark.parametrize("row_id", [row["id"] for row in rows("host")])
def test_modules_sysctls_devices_answer_as_captured(
    host_results: dict[str, Result], row_id: str
) -> None:
    check("host", host_results, KNOWN_DIFFERENCES, row_id)


@pytest.mark.parametrize("row_id", [row["id"] for row in rows("ifconfig")])
def test_ifconfig_answers_as_captured(ifconfig_results: dict[str, Result], row_id: str) -> None:
    check("ifconfig", ifconfig_results, KNOWN_DIFFERENCES, row_id)
