"""How a guest ended, in words: from the status of its loader or bhyve, and what they said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# bhyve says the first on every start of a guest with a screen (captures README 8), the others
# where it knows the names of settings that older releases have (bhyverun.c).
NOISE = (
    "fbuf frame buffer base",
    "bhyve: lpc.bootrom is deprecated",
    "bhyve: lpc.bootvars is deprecated",
)
# How many of its lines tell why a loader failed.
LOADER_LINES = 3
SIGNAL_WORDS = {
    6: "bhyve aborted",
    9: "it was killed",
    11: "bhyve crashed",
    15: "it was ended, not shut down: it had not switched ACPI on",
}
ERROR_STATUS = {
    3: "it ended with a triple fault",
    4: "bhyve ended with an error",
    125: "its limits could not be set",
}


@dataclass(frozen=True)
class Ending:
    """How a guest ended: `clean` means that nothing went wrong."""

    clean: bool
    text: str


def explain(status: str, log: str, said: Sequence[str] = ()) -> Ending:
    """Return how a guest ended; `said` are the last lines of its loader on the console.

    `status` is bhyve's exit status as sh counts it, or limited.sh's; `loader-` with more behind it
    when the loader did not get so far, `plan` when the boot could not be prepared. bhyve(8):
    0 reboot, 1 power-off, 2 halt, 3 triple fault, 4 error; 1 is also its answer to a line that it
    does not take, and then it says why (captures README 4).
    """
    words = last_words(log)
    if status == "plan":
        return Ending(False, with_words("could not be started", own_words(log)))
    if status.startswith("loader-"):
        return explain_loader(status.removeprefix("loader-"), log, said)
    number = int(status)
    if number == 0:
        return Ending(True, "was stopped before it booted again")
    if number == 1:
        return Ending(not words, with_words("bhyve failed", words) if words else "powered off")
    if number == 2:
        return Ending(True, "halted")
    if number > 128:
        text = SIGNAL_WORDS.get(number - 128, f"bhyve was ended by signal {number - 128}")
        return Ending(number == 143, with_words(text, words))
    text = ERROR_STATUS.get(number, f"bhyve failed (status {number})")
    return Ending(False, with_words(text, words))


def explain_loader(status: str, log: str, said: Sequence[str]) -> Ending:
    """Return how a loader ended: `stopped`, `late`, or with an exit status as sh counts it.

    A loader tells its reason in several lines, or on the console only.
    """
    if status == "stopped":
        return Ending(True, "was stopped in its loader")
    words = last_words(log, LOADER_LINES) or " / ".join(said[-LOADER_LINES:])
    if status == "late":
        return Ending(False, with_words("its loader took longer than loader_timeout", words))
    killed = int(status) > 128
    how = f"was ended by signal {int(status) - 128}" if killed else f"failed (status {status})"
    return Ending(False, with_words(f"its loader {how}", words))


def last_words(log: str, most: int = 1) -> str:
    """Return the last lines of what loader and bhyve said, without their noise."""
    lines = [line.strip() for line in log.splitlines()]
    telling = [line for line in lines if line and not line.startswith(NOISE)]
    telling = [line for line in telling if not re.match(r"([Uu]sage:|-\w:|\[-)", line)]
    return " / ".join(telling[-most:])


def own_words(log: str) -> str:
    """Return the last error of chyves itself."""
    lines = [line for line in log.splitlines() if line.startswith("chyves: ")]
    return lines[-1].removeprefix("chyves: ") if lines else ""


def with_words(text: str, words: str) -> str:
    """Return the text with the program's own words behind it."""
    return f"{text}: {words}" if words else text
