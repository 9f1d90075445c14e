"""Sockets in a guest's run folder: how long the path of one can be."""

from __future__ import annotations

from chyves_core.errors import Refused
from chyves_core.guests import Guest

LONGEST = 103
"""unix(4): sun_path has 104 bytes with the NUL at its end."""


def check_length(guest: Guest, source: str, path: str, *, longest: int = LONGEST) -> None:
    """Refuse a guest whose name makes the path of a socket too long for FreeBSD."""
    length = len(path.encode())
    if length > longest:
        raise Refused(
            f"{guest.name}: {source}: its socket's path has {length} bytes, and FreeBSD takes "
            f"{longest}: {path}",
            f"chyves {guest.name} rename NEW",
        )
