"""Which processes pgrep(1) and pkill(1) mean."""

from __future__ import annotations

import os
import re
import sys

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.processes import Process, all_processes, vitals

LETTERS = "aF:fG:ij:LlM:N:noP:qSs:t:U:u:vx"


class Query:
    """The options and patterns of one pgrep or pkill call."""

    def __init__(self, program: str, arguments: list[str]) -> None:
        """Raises SystemExit(2) after the usage text where the arguments are wrong."""
        letters = LETTERS + ("d:" if program == "pgrep" else "I")
        try:
            options, self.patterns = parse_options(arguments, letters)
        except BadOption as bad:
            print(f"{program}: {bad}", file=sys.stderr)
            raise SystemExit(_usage(program)) from None
        self.flags = {letter for letter, _ in options}
        self.values = dict(options)
        if not self.patterns and not self.flags & set("FGjPstUu"):
            raise SystemExit(_usage(program))

    def matches(self, lab: Lab) -> list[Process]:
        """Return the processes that are meant, by their number."""
        found = [p for p in all_processes(lab) if p.pid != os.getpid() and self._fits(p, lab)]
        if "n" in self.flags:
            return found[-1:]
        return found[:1] if "o" in self.flags else found

    def _fits(self, process: Process, lab: Lab) -> bool:
        if "P" in self.values:
            now = vitals(process.pid)
            if now is None or str(now.ppid) not in self.values["P"].split(","):
                return False
        if "F" in self.values:
            try:
                wanted = lab.path(self.values["F"]).read_text().strip()
            except OSError:
                return False
            if wanted != str(process.pid):
                return False
        return self._fits_patterns(process)

    def _fits_patterns(self, process: Process) -> bool:
        if not self.patterns:
            return True
        text = process.title if "f" in self.flags else process.name
        case = re.IGNORECASE if "i" in self.flags else 0
        test = re.fullmatch if "x" in self.flags else re.search
        hit = any(test(pattern, text, case) for pattern in self.patterns)
        return hit != ("v" in self.flags)


def _usage(program: str) -> int:
    options = "[-LSfilnoqvx] [-d delim]" if program == "pgrep" else "[-signal] [-ILfilnovx]"
    lines = [
        f"usage: {program} {options} [-F pidfile] [-G gid] [-M core] [-N system]",
        "             [-P ppid] [-U uid] [-c class] [-g pgrp] [-j jail] [-s sid]",
        "             [-t tty] [-u euid] pattern ...",
    ]
    print("\n".join(lines), file=sys.stderr)
    return 2
