"""Fixtures: labs whose guests are real."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import make_lab
from tests.lab.qemu.real_guests import QemuHost


@pytest.fixture
def qemu_host(tmp_path: Path) -> Iterator[QemuHost]:
    """A lab with real guests; the test is skipped without QEMU."""
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not installed")
    made = make_lab(tmp_path / "lab", guest="qemu")
    host = QemuHost(made.folder)
    yield host
    host.stop_everything()
