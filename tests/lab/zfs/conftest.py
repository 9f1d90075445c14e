"""A fresh lab for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from .playing import Host, make_host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A lab that plays FreeBSD 14.3, with the pools zroot and tank."""
    return make_host(tmp_path / "lab")
