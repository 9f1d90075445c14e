"""Fixtures that most tests share: a lab of their own, with or without chyves on its pools."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chyves_core.lab.home import Lab
from chyves_core.lab.setup import LabChoice, environment, set_up

# A shell that starts the tests in the background makes them ignore SIGINT, nohup(1) SIGHUP, and so
# would every command that a test wants to interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Where this is set, each command of a test would compile all that it imports, which no host does.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).resolve().parent.parent


class LabHost:
    """A lab for one test: run programs and chyves commands in it, and read its command log."""

    def __init__(self, folder: Path) -> None:
        self.lab = Lab(folder)
        self.folder = folder
        self.root = self.lab.root

    def environment(self, **extra: str) -> dict[str, str]:
        """Return the environment of a command in this lab."""
        return {**environment(self.lab), "LC_ALL": "C.UTF-8", **extra}

    def run(
        self, *argv: str, status: int | None = 0, stdin: str | None = None, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the lab; another exit status than `status` fails the test."""
        done = subprocess.run(
            argv,
            env=self.environment(**extra),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=120,
            check=False,
        )
        if status is not None:
            assert done.returncode == status, f"{argv}\n{done.stdout}\n{done.stderr}"
        return done

    def chyves(
        self, *words: str, status: int | None = 0, **extra: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a chyves command in the lab."""
        return self.run(str(self.lab.bin / "chyves"), *words, status=status, **extra)

    def output(self, *words: str) -> str:
        """Return what a chyves command that succeeds prints, without the last line break."""
        return self.chyves(*words).stdout.rstrip("\n")

    def commands(self, program: str | None = None) -> list[list[str]]:
        """Return the argv of each command in the lab's log, of one program or of all."""
        if not self.lab.command_log.exists():
            return []
        lines = self.lab.command_log.read_text().splitlines()
        argvs: list[list[str]] = [json.loads(line)["argv"] for line in lines]
        return [argv for argv in argvs if program in (None, argv[0])]

    def forget_commands(self) -> None:
        """Empty the command log."""
        self.lab.command_log.write_text("")

    def datasets(self, kinds: str = "filesystem,volume,snapshot") -> list[str]:
        """Return the names of all datasets, sorted."""
        return sorted(self.run("zfs", "list", "-H", "-o", "name", "-t", kinds).stdout.split("\n"))

    def everything(self) -> str:
        """Return all datasets with all properties that were set: to see that nothing changed."""
        argv = ("zfs", "get", "-Hp", "-s", "local,received", "-t", "all")
        return self.run(*argv, "-o", "name,property,value,source", "all").stdout + "\n".join(
            self.datasets()
        )

    def stop_everything(self) -> None:
        """End all processes that still run in this lab."""
        done = self.run("ps", "-axo", "pid=", status=None)
        for pid in done.stdout.split():
            if pid.isdigit() and int(pid) > 1:
                subprocess.run(["kill", "-KILL", pid], check=False, capture_output=True)


def make_lab(folder: Path, **choice: Any) -> LabHost:
    """Make a lab in a folder."""
    set_up(LabChoice(folder, **choice), ROOT)
    return LabHost(folder)


@pytest.fixture(scope="session")
def lab_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lab with zroot (primary) and tank (secondary), to be copied: making one takes longer."""
    os.environ.pop("CHYVES_LAB", None)
    host = make_lab(tmp_path_factory.mktemp("template") / "lab")
    host.chyves("dataset", "zroot", "install")
    host.chyves("dataset", "tank", "install")
    return host.folder


@pytest.fixture
def lab(lab_template: Path, tmp_path: Path) -> Iterator[LabHost]:
    """A lab with chyves on zroot (primary) and tank (secondary)."""
    folder = tmp_path / "lab"
    shutil.copytree(lab_template, folder, symlinks=True)
    host = LabHost(folder)
    host.forget_commands()
    yield host
    host.stop_everything()


@pytest.fixture
def empty_lab(tmp_path: Path) -> Iterator[LabHost]:
    """A lab with the pools zroot and tank and nothing on them."""
    host = make_lab(tmp_path / "lab")
    host.forget_commands()
    yield host
    host.stop_everything()


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Let `--regenerate` write golden files anew; know `timeout` without pytest-timeout too."""
    parser.addoption("--regenerate", action="store_true", help="write the golden files anew")
    if not pluginmanager.hasplugin("timeout"):
        parser.addini("timeout", "seconds that a test may take, where pytest-timeout is installed")


# Tests that take long for what they are; `make test-slow` runs them.
SLOW = (
    "tests/package/test_wheel.py",
    "tests/package/test_installed.py",
    "tests/package/test_make_install.py",
    "/test_captures.py",
    "tests/lab/zfs/test_crash.py",
    "tests/lab/test_freebsd_suite.py::test_all_cases_run",
    "tests/lab/test_freebsd_suite.py::test_an_interrupted_run",
    "tests/lab/qemu/test_ends.py",
    "tests/commands/test_resources_crash.py",
    "tests/commands/test_disk_crash.py",
    "tests/commands/test_apply_crash.py",
    "tests/commands/test_clone_crash.py",
    "tests/commands/test_create_image_crash.py",
    "tests/commands/test_rollback_crash.py",
    "tests/commands/test_pools_crash.py",
    "tests/commands/test_network_many.py",
    "tests/commands/test_networks_stay.py",
    "tests/commands/test_jails.py",
    "tests/commands/test_netgraph.py",
    "tests/commands/test_apply_refusals.py",
    "tests/commands/test_clone_failures.py",
    "tests/commands/test_create_image",
    "tests/commands/test_delete_promote.py",
    "tests/commands/test_doctor_storage.py",
    "tests/commands/test_resources_changes.py",
    "tests/commands/test_resources_terminal.py",
    "tests/commands/test_resources_urls.py",
    "tests/commands/test_revert.py",
    "tests/commands/test_rollback_refused.py",
    "tests/commands/test_swtpm.py",
    "tests/commands/test_scsi.py",
    "tests/commands/test_apply.py",
    "tests/migration/test_import_",
    "tests/commands/test_bridges.py",
    "tests/commands/test_clone.py",
    "tests/commands/test_disk_delete.py",
    "tests/commands/test_disk_import.py",
    "tests/commands/test_doctor.py",
    "tests/commands/test_global_flags.py",
    "tests/commands/test_upgrade_check.py",
    "test_a_group_goes_wherever_a_list_goes",
    "tests/commands/test_hooks.py",
    "tests/commands/test_host_needs.py",
    "tests/commands/test_left_behind.py",
    "tests/commands/test_limits.py",
    "tests/commands/test_loaders.py",
    "tests/commands/test_move.py",
    "tests/commands/test_nat.py",
    "tests/commands/test_network.py",
    "tests/commands/test_pools.py",
    "tests/commands/test_promote.py",
    "tests/commands/test_rollback.py",
    "tests/commands/test_useful_plugins.py",
    "tests/docs/test_manual_examples.py",
    "tests/docs/test_screens.py::test_they_are_true",
    "tests/commands/test_watch_screen.py",
    "tests/endtoend/",
    "tests/dispatch/test_newcomer.py",
    "tests/lab/zfs/test_transcripts.py",
    "tests/package/test_rc_d.py",
    "test_a_killed_create_hurts_no_one",
    "test_a_killed_delete_hurts_no_one",
    "test_a_lock_names_its_holder",
    "test_a_loader_at_which_somebody_may_type_is_never_too_late",
    "test_a_bhyve_that_fails_late_is_waited_for",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow tests."""
    for item in items:
        if any(part in item.nodeid for part in SLOW):
            item.add_marker(pytest.mark.slow)
