"""Parse GRUB's script language: the subset that boot menus are written in.

Known: comments, quotes, `;`, `if … elif … else … fi`, `for x in …; do … done`, `function`,
`menuentry` and `submenu`. A word is kept as it was written and expanded when it is run.
"""

from __future__ import annotations

import re
from typing import NamedTuple

WORD = r"""(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s;{}'"\\]|\$\{[^}]*\})+"""
TOKEN = re.compile(
    rf"(?P<blank>[ \t]+|\\\n|#[^\n]*)|(?P<end>[;\n])|(?P<brace>[{{}}])|(?P<word>{WORD})", re.S
)
COMMENT_AT = re.compile(r"#[^\n]*")


class ScriptError(Exception):
    """A text that is no GRUB script."""


class IncompleteError(ScriptError):
    """A text that may become a script when more lines follow."""


class Command(NamedTuple):
    """A simple command, or (with `body`) a menuentry, submenu or function."""

    words: list[str]
    body: str | None = None


class If(NamedTuple):
    """The branches of an `if`: (condition, what to run); `else` has an empty condition."""

    branches: list[tuple[list[Statement], list[Statement]]]


class For(NamedTuple):
    """`for variable in words; do body; done`."""

    variable: str
    words: list[str]
    body: list[Statement]


Statement = Command | If | For


def parse_script(text: str) -> list[Statement]:
    """Return the statements of a script; raises ScriptError, or IncompleteError at its end."""
    parser = _Parser(text)
    statements = parser.statements(())
    if parser.peek() is not None:
        raise ScriptError("syntax error")
    return statements


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.position = 0

    def peek(self) -> str | None:
        if self.position < len(self.tokens):
            return self.tokens[self.position][0]
        return None

    def take(self) -> str:
        token = self.peek()
        if token is None:
            raise IncompleteError("unexpected end of file")
        self.position += 1
        return token

    def skip_ends(self) -> None:
        while self.peek() in (";", "\n"):
            self.position += 1

    def expect(self, word: str) -> None:
        self.skip_ends()
        if self.take() != word:
            raise ScriptError("syntax error")

    def statements(self, stops: tuple[str, ...]) -> list[Statement]:
        """Parse up to one of the words in `stops`, which is left standing."""
        found: list[Statement] = []
        while True:
            self.skip_ends()
            token = self.peek()
            if token is None and stops:
                raise IncompleteError("unexpected end of file")
            if token is None or token in stops or token == "}":
                return found
            found.append(self.statement())

    def statement(self) -> Statement:
        token = self.peek()
        if token == "if":
            return self.conditional()
        if token == "for":
            return self.loop()
        words: list[str] = []
        while self.peek() not in (None, ";", "\n", "{", "}"):
            words.append(self.take())
        if not words:
            raise ScriptError("syntax error")
        if words[0] in ("menuentry", "submenu", "function"):
            self.skip_ends()
            return Command(words, self.block())
        return Command(words)

    def block(self) -> str:
        """Return the text between a brace and the one that closes it."""
        self.expect("{")
        start, depth = self.tokens[self.position - 1][1] + 1, 1
        while depth:
            brace = self.take()
            depth += {"{": 1, "}": -1}.get(brace, 0)
        return self.text[start : self.tokens[self.position - 1][1]]

    def conditional(self) -> If:
        branches: list[tuple[list[Statement], list[Statement]]] = []
        word = self.take()
        while word in ("if", "elif"):
            condition = self.statements(("then",))
            self.expect("then")
            branches.append((condition, self.statements(("elif", "else", "fi"))))
            word = self.take()
        if word == "else":
            branches.append(([], self.statements(("fi",))))
            word = self.take()
        if word != "fi":
            raise ScriptError("syntax error")
        return If(branches)

    def loop(self) -> For:
        self.take()
        variable = self.take()
        self.expect("in")
        words: list[str] = []
        while self.peek() not in (None, ";", "\n"):
            words.append(self.take())
        self.expect("do")
        body = self.statements(("done",))
        self.expect("done")
        return For(variable, words, body)


def _tokens(text: str) -> list[tuple[str, int]]:
    """Return (token, where it starts); blanks and comments are left out."""
    found: list[tuple[str, int]] = []
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise IncompleteError("unterminated quote")
        if match.lastgroup != "blank":
            found.append((match[0], position))
        position = match.end()
    return found


def expand(word: str, variables: dict[str, str]) -> list[str]:
    """Return the words that one written word becomes: quotes taken off, variables put in.

    As in GRUB a variable outside of quotes is split at blanks, and is no word where it is empty.
    """
    words: list[str] = []
    current: str | None = None
    for part in PART.finditer(word):
        text, splits = _part(part, variables)
        if not splits:
            current = (current or "") + text
            continue
        pieces = text.split()
        for number, piece in enumerate(pieces):
            if number:
                words.append(current or "")
                current = None
            current = (current or "") + piece
    if current is not None:
        words.append(current)
    return words


PART = re.compile(
    r"""'(?P<single>[^']*)'|"(?P<double>(?:\\.|[^"\\])*)"|\\(?P<escaped>.)"""
    r"""|\$\{(?P<braced>\w+|[?@#*])\}|\$(?P<bare>\w+|[?@#*])|(?P<plain>.)""",
    re.S,
)
VARIABLE = re.compile(r"""\\(["\\$])|\$\{(\w+|[?@#*])\}|\$(\w+|[?@#*])""")


def _part(part: re.Match[str], variables: dict[str, str]) -> tuple[str, bool]:
    """Return the text of one part of a word, and whether it is split at blanks."""
    kind = part.lastgroup
    text = part[kind] if kind else ""
    if kind == "double":
        return VARIABLE.sub(lambda m: m[1] or variables.get(m[2] or m[3], ""), text), False
    if kind in ("braced", "bare"):
        return variables.get(text, ""), True
    return text, False
