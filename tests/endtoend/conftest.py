"""The end-to-end cases: the jobs of chyves, each through its command line, on several hosts.

    python3 -m pytest tests/endtoend                             in the lab
    CHYVES_TEST_HOST=freebsd python3 -m pytest tests/endtoend    as root on a FreeBSD host

The second one needs plumbum, configobj and pytest besides Python. hosts/ says what each host is.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endtoend.hosts import kind, open_host
from tests.endtoend.hosts.base import Host

NOTES = pytest.StashKey[list[str]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let pytest-timeout, where a real host has it, end nothing: the host may be emulated."""
    if kind() == "freebsd":
        for item in items:
            item.add_marker(pytest.mark.timeout(0))


@pytest.fixture(scope="session")
def whole_run(request: pytest.FixtureRequest) -> Iterator[Host]:
    """The host of all cases; at its end everything that was made is gone, or the run fails."""
    folder = Path(tempfile.mkdtemp(prefix="chyvest-")).resolve()
    try:
        host = open_host(folder)
        request.config.stash[NOTES] = host.notes
        yield host
        host.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what the host has to say of itself."""
    for note in config.stash.get(NOTES, []):
        terminalreporter.write_line(f"host: {note}")


@pytest.fixture
def host(whole_run: Host) -> Iterator[Host]:
    """A host with chyves on two pools and no guests; no case may leave a guest's things behind."""
    whole_run.begin()
    yield whole_run
    left = whole_run.end()
    assert left == []
