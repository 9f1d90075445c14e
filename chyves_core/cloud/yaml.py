"""Write YAML in the few forms that cloud-init and FreeBSD's nuageinit(7) both read.

nuageinit had a small parser of its own before it took libyaml (libexec/nuageinit/yaml.lua in
FreeBSD 14): it knows no JSON and no escapes in strings. So there are blocks only, and every string
is quoted, since what looks like a number or like `no` would not stay one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chyves_core.errors import UsageError

Value = str | bool | int | Sequence["Value"] | Mapping[str, "Value"]


def to_yaml(values: Mapping[str, Value]) -> str:
    """Return the text of a document; raises UsageError for a string with control characters."""
    return "".join(f"{line}\n" for line in block(values)) if values else "{}\n"


def block(values: Mapping[str, Value]) -> list[str]:
    """Return the lines of a mapping."""
    lines = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            lines += [f"{name}:", *(f"  {line}" for line in block(value))]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            lines += [f"{name}:", *(f"  {line}" for each in value for line in item(each))]
        else:
            lines.append(f"{name}: {scalar(value)}")
    return lines


def item(value: Value) -> list[str]:
    """Return the lines of one item of a list."""
    if isinstance(value, Mapping):
        first, *rest = block(value)
        return [f"- {first}", *(f"  {line}" for line in rest)]
    if isinstance(value, str | int):
        return [f"- {scalar(value)}"]
    raise TypeError("a list in a list")


def scalar(value: str | int) -> str:
    """Return one value; True and False are not 1 and 0 here."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return quoted(value) if isinstance(value, str) else str(value)


def quoted(text: str) -> str:
    """Return a string in quotes between which nothing has a meaning."""
    if not text.isprintable():
        raise UsageError(f"{text!r}: there are control characters in it")
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'
