"""logger(1): a line for /var/log/messages."""

from __future__ import annotations

import os
import sys
import time

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options

USAGE = """\
usage: logger [-46Ais] [-f file] [-h host] [-P port] [-p pri] [-t tag]
              [-S addr:port] [message ...]"""


def main(arguments: list[str], lab: Lab) -> int:
    """Log the words as one message, or each line of standard input."""
    try:
        options, words = parse_options(arguments, "46Af:H:h:iP:p:S:st:")
    except BadOption as bad:
        print(f"logger: {bad}\n{USAGE}", file=sys.stderr)
        return 1
    chosen = dict(options)
    lines = [" ".join(words)] if words else sys.stdin.read().splitlines()
    tag = chosen.get("t", os.environ.get("USER", "root"))
    number = f"[{os.getpid()}]" if "i" in chosen else ""
    for line in lines:
        log_message(lab, f"{tag}{number}: {line}")
        if "s" in chosen:
            print(f"{tag}{number}: {line}", file=sys.stderr)
    return 0


def log_message(lab: Lab, text: str) -> None:
    """Append one line as syslogd(8) writes it."""
    folder = lab.root / "var" / "log"
    folder.mkdir(parents=True, exist_ok=True)
    date = time.strftime("%b %e %H:%M:%S")
    with open(folder / "messages", "a") as log:
        log.write(f"{date} lab {text}\n")
