"""What the pools of a lab are to chyves, and copies of a layout."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import LabHost


def states(lab: LabHost) -> dict[str, str]:
    """What each pool is to chyves."""
    rows = json.loads(lab.output("list", "pools", "--json"))
    return {row["pool"]: row["role"] for row in rows}


def names(lab: LabHost) -> list[str]:
    """The guests that count."""
    return lab.output("list", "-H", "-o", "name").split()


def copy_layout(lab: LabHost, target: str, *options: str) -> None:
    """Replicate the primary layout."""
    lab.run("zfs", "snapshot", "-r", "zroot/chyves@copy")
    words = " ".join(options)
    lab.run("sh", "-ec", f"zfs send -R zroot/chyves@copy | zfs receive -u {words} {target}")
