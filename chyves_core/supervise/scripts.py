"""The shell scripts that keep a guest running, beside the commands."""

from __future__ import annotations

import os

LIMITED = "limited.sh"


def script(name: str) -> str:
    """Return the path of one of libexec/lib."""
    own = os.environ["CHYVES_PATH"].split(":")[0]
    return f"{own}/lib/{name}"
