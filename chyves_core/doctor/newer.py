"""Whether there is a newer chyves, where the global property check_for_updates wants to know."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from chyves_core.doctor.finding import Finding
from chyves_core.errors import ChyvesError
from chyves_core.look import Look
from chyves_core.settings import known_settings


def version(look: Look) -> Iterator[Finding]:
    """Yield a note where there is a newer version, or where that can't be found out."""
    if not known_settings(look.inventory.storage).enabled("check_for_updates"):
        return
    from chyves_core.installation import find_installation

    try:
        found = find_installation(look.host, Path(os.environ["CHYVES_ROOT"]))
        newer = found.newer()
    except ChyvesError as error:
        yield Finding("chyves", str(error), "chyves upgrade check", note=True)
        return
    if newer:
        yield Finding("chyves", f"there is a newer version: {newer}", found.upgrade, note=True)
