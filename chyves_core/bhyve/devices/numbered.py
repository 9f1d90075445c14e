"""Properties that stand once for each device of a kind: NAME_{n}."""

from __future__ import annotations

from chyves_core.guests import Guest


def numbered(guest: Guest, prefix: str) -> list[str]:
    """Return the guest's properties PREFIX{n}, in the order of n."""
    found = [
        name
        for name, value in guest.properties.items()
        if value and name.startswith(prefix) and name.removeprefix(prefix).isdigit()
    ]
    return sorted(found, key=lambda name: int(name.removeprefix(prefix)))
