"""pkill(1): send a signal to processes of the lab's host, and to no others."""

from __future__ import annotations

import os
import re
import signal
import sys

from chyves_core.lab.home import Lab
from chyves_core.lab.host.matching import Query


def main(arguments: list[str], lab: Lab) -> int:
    """Send SIGTERM, or the signal of `-KILL` or `-9`, to what matches; 1 where nothing does."""
    number = int(signal.SIGTERM)
    if arguments and re.fullmatch(r"-([A-Z][A-Z0-9]+|\d+)", arguments[0]):
        word = arguments[0][1:]
        number = int(word) if word.isdecimal() else _signal_number(word)
        arguments = arguments[1:]
    found = Query("pkill", arguments).matches(lab)
    for process in found:
        if not lab.is_root:
            text = f"signalling pid {process.pid}: Operation not permitted"
            print(f"pkill: {text}", file=sys.stderr)
            continue
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            continue
    return 0 if found else 1


def _signal_number(word: str) -> int:
    name = word if word.startswith("SIG") else f"SIG{word}"
    return int(signal.Signals[name])
