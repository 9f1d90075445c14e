"""Write the sections of chyves.8 that say what the commands and the list of properties say.

python3 man/generate.py          rewrite them in chyves.8
python3 man/generate.py --check  only say whether they are as they should be: status 1 if not

The commands come from the headers in libexec/, the properties from properties.spec. In the page
each such part stands between the lines `.\\" begin NAME` and `.\\" end NAME`.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from chyves_core.header import Header, read_header  # noqa: E402
from chyves_core.properties.schema import Property, choices, load_schema  # noqa: E402

PAGE = ROOT / "man" / "chyves.8"
SCOPES = {
    "guest": "Properties of guests",
    "disk": "Properties of disks",
    "defaults": "Defaults only",
    "global": "Global properties",
    "pool": "Properties of pools",
}
# The pieces of a usage line: brackets, <place>, options, other words, and what joins them.
PIECE = re.compile(
    r"(?P<bracket>[\[\]])|(?P<place><[^>]*>)|(?P<dots>\.\.\.)|(?P<bar>\|)|"
    r"(?P<option>--?[A-Za-z][A-Za-z-]*|--)|(?P<word>[^\s\[\]<>|,=.:]+)|(?P<sign>[,=.:])"
)
SENTENCE_END = re.compile(r"(?<=[^\s.][.?!]) +(?=[A-Z`])")
EXAMPLE = re.compile(r"(.*:) (\S*\bchyves [^ ]+ .*[^.,;)]|\S*\$\(chyves .*\))")
CODE = re.compile(r"`([^`]+)`([.,;:)]*)")
MACRO_NAME = re.compile(r"[A-Z%][A-Za-z0-9]{1,2}")
OPTION_LINE = re.compile(r"  (\S.*?)(?:  +(.*))?")


def main() -> int:
    """Rewrite the page, or with --check compare it."""
    old = PAGE.read_text()
    new = rewritten(old)
    if sys.argv[1:] == ["--check"]:
        return int(old != new)
    PAGE.write_text(new)
    return 0


def rewritten(page: str) -> str:
    """Return the page with its generated parts as they should be."""
    for name, lines in (("commands", command_lines()), ("properties", property_lines())):
        begin, end = f'.\\" begin {name}\n', f'.\\" end {name}\n'
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = before + begin + "\n".join(lines) + "\n" + end + after
    return page


def commands() -> dict[str, Header]:
    """Return the commands that have a summary, by their word."""
    found = {
        file.name.removeprefix("chyves-"): file for file in (ROOT / "libexec").glob("chyves-*")
    }
    headers = {word: read_header(found[word]) for word in sorted(found)}
    return {word: header for word, header in headers.items() if header.summary}


def command_lines() -> Iterator[str]:
    """Yield the mdoc lines of all commands."""
    yield ".Bl -tag -width Ds -compact"
    for number, header in enumerate(commands().values()):
        if number:
            yield ".Pp"
        for form in header.usage:
            yield f".It Xo\n{usage_macros(form)}\n.Xc"
        yield from prose(header.summary + ".")
        yield from help_lines(header.text)
    yield ".El"


def usage_macros(form: str) -> str:
    """Return a usage line as one line of macros: `<guest> start [-n]` as `Ar guest Cm start …`."""
    words = ["Nm"]
    place = len("chyves")
    for piece in PIECE.finditer(form, place):
        if piece.start() == place and place > len("chyves") and piece.group() != "|":
            words.append("Ns" if words[-1] != "|" else "")
        words.append(macro(piece))
        place = piece.end()
    return "." + " ".join(word for word in words if word)


def macro(piece: re.Match[str]) -> str:
    """Return one piece of a usage line as a macro and its argument."""
    text = piece.group()
    match piece.lastgroup:
        case "bracket":
            return "Oo" if text == "[" else "Oc"
        case "bar":
            return "|"
        case "place":
            return f"Ar {text.strip('<>')}"
        case "option":
            return f"Fl {escaped(text[1:]) or '-'}"
        case "word":
            return f"{'Ar' if text.isupper() else 'Cm'} {escaped(text)}"
    return f"No \\&{text}"


def help_lines(text: tuple[str, ...]) -> Iterator[str]:
    """Yield the long help of a command: paragraphs, and lists where lines are indented."""
    block: list[str] = []
    for line in (*text, ""):
        indented = line.startswith("  ")
        if block and (not line or indented != block[0].startswith("  ")):
            yield from option_list(block) if block[0].startswith("  ") else paragraph(block)
            block = []
        if line:
            block.append(line)


def paragraph(block: list[str]) -> Iterator[str]:
    """Yield a paragraph; a command at the end of a line, behind a colon, gets a line of its own."""
    yield ".Pp"
    text = ""
    for line in block:
        example = EXAMPLE.fullmatch(line)
        text = f"{text} {example[1] if example else line}"
        if example:
            yield from prose(text)
            yield f".Dl {escaped(example[2])}"
            text = ""
    yield from prose(text)


def option_list(block: list[str]) -> Iterator[str]:
    """Yield a list with a tag for each line that is indented by two."""
    yield ".Pp"
    yield '.Bl -tag -width "xxxxxx" -compact'
    text = ""
    for line in block:
        item = None if line.startswith("   ") else OPTION_LINE.fullmatch(line)
        if item:
            yield from prose(text)
            yield f".It {tag_macros(item[1])}"
            text = item[2] or ""
        else:
            text += " " + line.strip()
    yield from prose(text)
    yield ".El"


def tag_macros(tag: str) -> str:
    """Return the tag of an option list: `-n, --dry-run`, `-o COL,...`, `force`."""
    words: list[str] = []
    for word in tag.replace(", ", " , ").split(" "):
        if word == ",":
            words.append(",")
        elif word.startswith("-"):
            words.append(f"Fl {escaped(word[1:])}")
        elif word.rstrip(".,:").isupper() or word[:1].isupper():
            words.append(f"Ar {escaped(word)}")
        else:
            words.append(f"Cm {escaped(word)}")
    return " ".join(words)


def property_lines() -> Iterator[str]:
    """Yield the mdoc lines of all properties."""
    for scope, title in SCOPES.items():
        yield f".Ss {title}"
        yield from prose(scope_text(scope))
        yield ".Bl -tag -width Ds"
        for each in own_properties(scope):
            yield f".It Va {escaped(each.name)}"
            yield from prose(each.help if each.help.endswith(".") else f"{each.help}.")
            yield from prose(value_text(each))
        yield ".El"


def own_properties(scope: str) -> list[Property]:
    """Return the properties of one scope; the defaults without those of guests."""
    return [each for each in load_schema(scope).properties if each.scope == scope]


def scope_text(scope: str) -> str:
    """Return where the properties of a scope are stored, from the comment above its section."""
    text = (ROOT / "chyves_core/properties/properties.spec").read_text()
    found = re.search(rf"# (Stored as [^\n]*)\n\[{scope}\]", text)
    return found[1] if found else ""


def value_text(each: Property) -> str:
    """Return in words what a property takes, and its default."""
    parts = []
    values = choices(each)
    if values:
        *others, last = (f"`{value}`" for value in values)
        parts.append(f"{', '.join(others)} or {last}.")
    if each.managed:
        parts.append("Kept by chyves itself.")
    elif each.optional:
        parts.append("Optional.")
    elif each.default:
        parts.append(f"Default: `{each.default}`.")
    if each.secret:
        parts.append("Never shown unless asked for.")
    return " ".join(parts)


def prose(text: str) -> Iterator[str]:
    """Yield running text: each sentence on a line of its own, as mdoc(7) wants it."""
    for sentence in SENTENCE_END.split(text.strip()):
        yield from sentence_lines(sentence)


def sentence_lines(sentence: str) -> Iterator[str]:
    """Yield one sentence, with what stands between backquotes as .Ql."""
    place = 0
    for code in CODE.finditer(sentence):
        if before := sentence[place : code.start()].strip():
            yield from text_lines(before)
        marks = " ".join(code[2])
        yield f'.Ql "{escaped(code[1])}"' + (f" {marks}" if marks else "")
        place = code.end()
    if rest := sentence[place:].strip():
        yield from text_lines(rest)


def escaped(text: str) -> str:
    """Return text that roff prints as it is, inside a line of macros."""
    text = text.replace("\\", "\\e").replace('"', "\\(dq").replace("~", "\\(ti")
    return f"\\&{text}" if text[:1] in ".'" or MACRO_NAME.fullmatch(text) else text


def text_lines(text: str) -> Iterator[str]:
    """Yield text that roff prints as it is, in lines of its own."""
    for line in textwrap.wrap(text, 79, break_long_words=False, break_on_hyphens=False):
        shown = line.replace("\\", "\\e").replace("~", "\\(ti")
        yield f"\\&{shown}" if shown[0] in ".'" else shown


if __name__ == "__main__":
    sys.exit(main())
