"""getopt(3) as zfs and zpool use it: options end at the first word that is none."""

from __future__ import annotations

from chyves_core.lab.zfs.errors import UsageError


class Options:
    """The options of one command: `letters` seen, `values` of those with an argument, `words`."""

    def __init__(self) -> None:
        self.letters: list[str] = []
        self.values: dict[str, list[str]] = {}
        self.words: list[str] = []

    def __contains__(self, letter: str) -> bool:
        return letter in self.letters

    def last(self, letter: str) -> str | None:
        """Return the last argument of an option, None where it was not given."""
        return self.values.get(letter, [None])[-1]

    def all(self, letter: str) -> list[str]:
        """Return all arguments of an option that may be repeated."""
        return self.values.get(letter, [])


def parse(arguments: list[str], letters: str, colon_text: str = "") -> Options:
    """Return the options of `arguments`; a letter with ":" behind it in `letters` takes a value.

    Raises UsageError with the words of zfs: "invalid option 'x'", "missing argument for 'x' …".
    """
    options = Options()
    rest = list(arguments)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        take_word(options, word[1:], letters, rest, colon_text)
    options.words = rest
    return options


def take_word(options: Options, word: str, letters: str, rest: list[str], colon_text: str) -> None:
    """Take the letters of one word; an argument is the rest of the word, or the next word."""
    while word:
        letter, word = word[0], word[1:]
        place = letters.find(letter)
        if letter == ":" or place < 0:
            raise UsageError(f"invalid option '{letter}'")
        options.letters.append(letter)
        if letters[place + 1 : place + 2] != ":":
            continue
        if not word and not rest:
            raise UsageError(colon_text or f"missing argument for '{letter}' option")
        options.values.setdefault(letter, []).append(word or rest.pop(0))
        return
