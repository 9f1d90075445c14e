"""getopt(3) as FreeBSD has it: options end at the first word that is none."""

from __future__ import annotations


class BadOption(Exception):
    """An option that getopt(3) does not take; the text is what it prints behind the program."""


def parse_options(arguments: list[str], letters: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the options as (letter, value) in their order, and the words behind them.

    `letters` is an optstring: a colon behind a letter means that it takes a value.
    """
    options: list[tuple[str, str]] = []
    rest = list(arguments)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        _parse_word(word[1:], rest, letters, options)
    return options, rest


def _parse_word(word: str, rest: list[str], letters: str, options: list[tuple[str, str]]) -> None:
    while word:
        letter, word = word[0], word[1:]
        place = letters.find(letter)
        if place < 0 or letter == ":":
            raise BadOption(f"illegal option -- {letter}")
        if letters[place + 1 : place + 2] != ":":
            options.append((letter, ""))
            continue
        if not word and not rest:
            raise BadOption(f"option requires an argument -- {letter}")
        options.append((letter, word if word else rest.pop(0)))
        return
