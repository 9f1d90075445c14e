"""The list of snapshots, for `chyves list snapshots` and `chyves GUEST snapshot list`."""

from __future__ import annotations

from chyves_core.listing import Listed
from chyves_core.look import Look
from chyves_core.snapshots.reading import COLUMNS, read_snapshots, rows


def list_snapshots(look: Look, word: str | None) -> Listed:
    """Return the snapshots of all guests, or of those that the word means, with one zfs call."""
    guests = look.guests([word] if word else [])
    return Listed(COLUMNS, rows(read_snapshots(look.host, guests)), "snapshots")
