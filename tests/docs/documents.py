"""Read documents: commands and what they are said to print."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Shown:
    """A command as a document shows it, and its output: `...` stands for anything."""

    line: str
    output: str

    def is_true_of(self, printed: str) -> bool:
        """Whether the command may have printed this.

        A line `...` stands for any number of lines, `...` in a line for any part of it.
        """
        pattern = re.escape(self.output + "\n" if self.output else "")
        pattern = re.sub(r"(?m)^\\\.\\\.\\\.\\\n", "(?:.*\\\\n)*", pattern)
        return re.fullmatch(pattern.replace(r"\.\.\.", ".*"), printed) is not None


def fenced(document: Path, language: str) -> list[str]:
    """The blocks of a Markdown document that are marked with a language."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", document.read_text())


def shown_commands(block: str) -> list[Shown]:
    """The commands of a console block: each behind a prompt `# `, its output below it."""
    parts = re.split(r"(?m)^# ", block)
    assert parts[0] == "", "a console block begins with a prompt"
    return [Shown(*part.rstrip("\n").partition("\n")[::2]) for part in parts[1:]]
