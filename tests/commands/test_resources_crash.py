"""Imports, renames and deletions that are stopped: nothing is ever half there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.resource_files import (
    CONTENT,
    installed,
    make_file,
    names,
    properties,
    resource_datasets,
)

if TYPE_CHECKING:
    from tests.conftest import LabHost

# The zfs calls of an import are: read, create, look where it is mounted, set.
CREATE, LOOK, SET = 2, 3, 4


@pytest.mark.parametrize(
    ("call", "fault"), [(CREATE, "kill"), (LOOK, "kill"), (SET, "kill"), (SET, "kill-after")]
)
def test_a_killed_import_leaves_nothing_that_counts_and_the_next_one_succeeds(
    lab: LabHost, tmp_path: Path, call: int, fault: str
) -> None:
    file = make_file(tmp_path, "a.iso")
    lab.chyves("iso", "import", file, status=-9, CHYVES_LAB_FAIL=f"zfs:{call}:{fault}")
    if (call, fault) == (SET, "kill-after"):
        assert names(lab) == ["a.iso"]
    else:
        assert names(lab) == []
        lab.chyves("iso", "import", file)
    assert installed(lab, "a.iso") == CONTENT
    assert set(properties(lab, "zroot/chyves/ISO/a.iso")) == {
        "sha256",
        "source",
        "size",
        "imported",
    }


def test_a_half_made_resource_can_not_be_named(lab: LabHost, tmp_path: Path) -> None:
    file = make_file(tmp_path, "a.iso")
    lab.chyves("iso", "import", file, status=-9, CHYVES_LAB_FAIL=f"zfs:{SET}:kill")
    assert resource_datasets(lab) == ["zroot/chyves/ISO/a.iso"]
    lab.chyves("iso", "delete", "-y", "a.iso", status=3)
    lab.chyves("iso", "rename", "a.iso", "b.iso", status=3)


def test_an_import_clears_only_what_was_begun_under_its_very_name(
    lab: LabHost, tmp_path: Path
) -> None:
    for name in ("a.iso", "a.iso2"):
        file = make_file(tmp_path, name)
        lab.chyves("iso", "import", file, status=-9, CHYVES_LAB_FAIL=f"zfs:{SET}:kill")
    lab.chyves("iso", "import", make_file(tmp_path, "a.iso"))
    assert resource_datasets(lab) == ["zroot/chyves/ISO/a.iso", "zroot/chyves/ISO/a.iso2"]
    assert names(lab) == ["a.iso"]


def test_what_a_dry_run_would_clear_is_shown_first(lab: LabHost, tmp_path: Path) -> None:
    file = make_file(tmp_path, "a.iso")
    lab.chyves("iso", "import", file, status=-9, CHYVES_LAB_FAIL=f"zfs:{SET}:kill")
    first = lab.output("iso", "import", "-n", file).splitlines()[0]
    assert first == "zfs destroy -r zroot/chyves/ISO/a.iso"


@pytest.mark.parametrize("call", [CREATE, LOOK, SET])
def test_a_zfs_call_that_fails_undoes_the_import(lab: LabHost, tmp_path: Path, call: int) -> None:
    file = make_file(tmp_path, "a.iso")
    done = lab.chyves("iso", "import", file, status=1, CHYVES_LAB_FAIL=f"zfs:{call}:fail")
    assert done.stderr == "chyves: zfs: failed because CHYVES_LAB_FAIL asked for it\n"
    assert resource_datasets(lab) == []


def test_what_could_not_be_undone_is_said(lab: LabHost, tmp_path: Path) -> None:
    faults = f"zfs:{SET}:fail,zfs:{SET + 1}:fail"
    file = make_file(tmp_path, "a.iso")
    done = lab.chyves("iso", "import", file, status=1, CHYVES_LAB_FAIL=faults)
    assert "zroot/chyves/ISO/a.iso is left half made" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_import_leaves_nothing(
    lab: LabHost, tmp_path: Path, number: signal.Signals
) -> None:
    file = tmp_path / "huge.iso"
    with open(file, "wb") as huge:
        huge.truncate(4 << 30)
    command = begin(lab, "iso", "import", str(file))
    wait_for(lab.root / "chyves" / "zroot" / "ISO" / "huge.iso" / ".draft")
    os.kill(command.pid, number)
    _, said = command.communicate(timeout=60)
    assert (command.returncode, said) == (130, "chyves: interrupted\n")
    assert resource_datasets(lab) == []


def test_a_second_import_of_a_name_does_not_disturb_the_first(lab: LabHost, tmp_path: Path) -> None:
    file = tmp_path / "huge.iso"
    with open(file, "wb") as huge:
        huge.truncate(4 << 30)
    first = begin(lab, "iso", "import", str(file))
    wait_for(lab.root / "chyves" / "zroot" / "ISO" / "huge.iso" / ".draft")
    os.kill(first.pid, signal.SIGSTOP)
    said = lab.chyves("iso", "import", str(file), status=4).stderr
    assert f"is being changed by chyves iso (pid {first.pid})" in said
    assert resource_datasets(lab) == ["zroot/chyves/ISO/huge.iso"]
    os.kill(first.pid, signal.SIGCONT)
    os.kill(first.pid, signal.SIGINT)
    first.communicate(timeout=60)


# The zfs calls of a rename: read, rename. With guests that name a firmware: read, keep the old
# name, rename, set the guests, forget the old name.
@pytest.mark.parametrize("fault", ["zfs:2:kill", "zfs:2:kill-after"])
def test_a_killed_rename_leaves_the_old_name_or_the_new_one_and_can_go_on(
    lab: LabHost, tmp_path: Path, fault: str
) -> None:
    lab.chyves("iso", "import", make_file(tmp_path, "old.iso"))
    lab.chyves("iso", "rename", "old.iso", "new.iso", status=-9, CHYVES_LAB_FAIL=fault)
    (name,) = names(lab)
    assert name == ("old.iso" if fault.endswith("kill") else "new.iso")
    assert (lab.root / "chyves" / "zroot" / "ISO" / name / name).read_bytes() == CONTENT
    lab.chyves("iso", "rename", name, "last.iso")
    assert names(lab) == ["last.iso"]
    assert (lab.root / "chyves/zroot/ISO/last.iso/last.iso").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("call", "fault"),
    [(3, "kill"), (4, "kill"), (5, "kill"), (5, "kill-after"), (3, "fail"), (4, "fail")],
)
def test_a_stopped_rename_of_a_firmware_is_found_by_its_guests_and_can_be_repeated(
    lab: LabHost, tmp_path: Path, call: int, fault: str
) -> None:
    lab.chyves("firmware", "import", make_file(tmp_path, "old.fd"))
    lab.chyves("web1", "create", "uefi_firmware=old.fd")
    faults = f"zfs:{call}:{fault}"
    lab.chyves("firmware", "rename", "old.fd", "new.fd", status=None, CHYVES_LAB_FAIL=faults)

    assert found_by_guest(lab) == (lab.output("firmware", "list", "-H", "-o", "name"))
    again = lab.chyves("firmware", "rename", "old.fd", "new.fd", status=None)
    assert again.returncode in (0, 3)
    assert names(lab, "firmware") == ["new.fd"]
    assert lab.output("web1", "get", "-H", "uefi_firmware") == "new.fd"
    assert "former_name" not in properties(lab, "zroot/chyves/Firmware/new.fd")


def found_by_guest(host: LabHost) -> str:
    """Return the name of the resource that the guest's uefi_firmware finds, as `start` looks."""
    script = (
        "from chyves_core import resources; from chyves_core.host import Host;"
        "from chyves_core.pools import read_storage; import sys;"
        "print(resources.find(read_storage(Host()), 'Firmware', sys.argv[1]).name)"
    )
    named = host.output("web1", "get", "-H", "uefi_firmware")
    return host.run(sys.executable, "-c", script, named).stdout.strip()


def begin(host: LabHost, *words: str) -> subprocess.Popen[str]:
    """Start a chyves command and do not wait for it."""
    return subprocess.Popen(
        [str(host.lab.bin / "chyves"), *words],
        env=host.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path) -> None:
    """Wait until a file is there."""
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.01)
