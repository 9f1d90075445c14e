"""What to say to a command line that is wrong: what was probably meant, and the form for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from chyves_core.errors import UsageError
from chyves_core.header import Header

COUNT = re.compile(r"expected at (least|most) (\d+) positional arguments?, got ")
WORD = re.compile(r"(?<![\w<-])[a-z][a-z-]+(?![\w>=-])")
OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][A-Za-z-]*")


def usage_error(message: str, header: Header, command: str, typed: Sequence[str]) -> UsageError:
    """Return the error for a wrong command line; its hint is the form that comes nearest.

    `message` begins with the word that is wrong, or is plumbum's. Where that word is a slip of one
    that the command takes, it is said.
    """
    counted = COUNT.match(message)
    if counted:
        # What was typed is not said again: it may hold a password.
        message = f"{command}: " + (
            "a word is missing" if counted.group(1) == "least" else "there are too many words"
        )
    wrong = message.removeprefix("no option ").partition(":")[0]
    pattern = OPTION if wrong.startswith("-") else WORD
    known = {
        word for line in [*header.usage, *options_of(header.text)] for word in pattern.findall(line)
    }
    near = get_close_matches(wrong, known - {wrong, command, "chyves"}, n=1)
    if near and not counted:
        message += f"; did you mean {near[0]}?"
    return UsageError(message, form(header.usage, command, [*typed, *near]))


def wrong_count(given: int, most: int) -> str:
    """Return what is wrong with the number of words behind a verb, which takes at most `most`."""
    if given > most:
        return "too many words"
    return "a word is missing" if given else "what?"


def options_of(text: Iterable[str]) -> list[str]:
    """Return the lines of the long help that explain an option."""
    return [line for line in text if line.startswith("  -")]


def form(usage: Sequence[str], command: str, typed: Sequence[str]) -> str | None:
    """Return the usage line with most of the typed words; where none has any, how to see all."""
    if len(usage) < 2:
        return usage[0] if usage else None

    def score(line: str) -> int:
        words = {*WORD.findall(line), *OPTION.findall(line)} - {command, "chyves"}
        return len(words.intersection(typed))

    best = max(usage, key=score)
    return best if score(best) else f"chyves help {command}"
