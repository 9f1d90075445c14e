"""pgrep(1): find processes of the lab's host by their name."""

from __future__ import annotations

from chyves_core.lab.home import Lab
from chyves_core.lab.host.matching import Query


def main(arguments: list[str], lab: Lab) -> int:
    """Print the numbers of the processes that match; 1 where none does."""
    query = Query("pgrep", arguments)
    found = query.matches(lab)
    if "q" not in query.flags and found:
        lines = []
        for process in found:
            text = process.title if "f" in query.flags else process.name
            lines.append(f"{process.pid} {text}" if "l" in query.flags else str(process.pid))
        print(query.values.get("d", "\n").join(lines))
    return 0 if found else 1
