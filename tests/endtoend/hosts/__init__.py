"""The kinds of hosts that the end-to-end cases run on; CHYVES_TEST_HOST names one.

A kind is a module here that has `open_host(folder)`: it returns the Host that all cases of a run
share, or skips with a reason. See base.py for what a Host can do.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from tests.endtoend.hosts.base import Host

KINDS = ("lab", "freebsd", "vm")


def kind() -> str:
    """Return the kind of host that this run was asked for."""
    return os.environ.get("CHYVES_TEST_HOST") or "lab"


def open_host(folder: Path) -> Host:
    """Return the host of this run; `folder` is empty, for its files."""
    if kind() not in KINDS:
        raise ValueError(f"CHYVES_TEST_HOST={kind()}: one of {', '.join(KINDS)}")
    host: Host = import_module(f"tests.endtoend.hosts.{kind()}").open_host(folder)
    return host
