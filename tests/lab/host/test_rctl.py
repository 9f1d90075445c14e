"""rctl(8) in the lab: what rctl(8) says of rules, and sys/kern/kern_rctl.c of what they are."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from chyves_core.lab.host.state import change_host
from tests.conftest import LabHost


@pytest.fixture
def host(empty_lab: LabHost) -> LabHost:
    """A host whose kernel accounts for resources."""
    with change_host(empty_lab.lab) as state:
        state["sysctl"]["kern.racct.enable"] = "1"
    return empty_lab


def test_a_rule_of_a_process_goes_with_it(host: LabHost) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        host.run("rctl", "-a", f"process:{process.pid}:readbps:throttle=1M")
        host.run("rctl", "-a", f"process:{os.getpid()}:pcpu:deny=50")
        rule = f"process:{process.pid}:readbps:throttle=1048576"
        assert host.run("rctl").stdout.splitlines()[0] == rule
        assert host.run("rctl", f"process:{process.pid}").stdout == f"{rule}\n"
        process.communicate(b"\n")
    assert host.run("rctl").stdout == f"process:{os.getpid()}:pcpu:deny=50\n"
    host.run("rctl", "-r", "::pcpu")
    assert host.run("rctl").stdout == ""


@pytest.mark.parametrize(
    "rule",
    [
        "process:1:pcpu:throttle=50",
        "process:1:readbps:deny=50",
        "process:1:pcpu:deny",
        "process:1:pcpu:deny=x",
        "process:one:pcpu:deny=50",
        "process:1:power:deny=50",
        "machine:1:pcpu:deny=50",
        "pcpu:deny=50",
    ],
)
def test_what_the_kernel_does_not_take(host: LabHost, rule: str) -> None:
    done = host.run("rctl", "-a", rule, status=1)
    assert done.stderr == f"rctl: failed to add rule '{rule}': Invalid argument\n"


def test_a_kernel_that_does_not_account_says_how_it_would(empty_lab: LabHost) -> None:
    done = empty_lab.run("rctl", "-a", "process:1:pcpu:deny=50", status=1)
    assert done.stderr == (
        "rctl: RACCT/RCTL present, but disabled; enable using kern.racct.enable=1 tunable\n"
    )
