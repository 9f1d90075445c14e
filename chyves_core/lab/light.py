"""Programs of the lab start quickly: what the standard library brings along waits until it is used.

Every command of chyves runs several of them, so that a lab's time is mostly their start. Half of it
went into re, enum, typing and json, which pathlib and a handful of calls need in part or never.
"""

from __future__ import annotations

from chyves_core.lazy import postpone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What most programs of the lab import, and use for an option or an error at the most.
SELDOM_USED = "fnmatch re select shutil signal socket struct subprocess tempfile".split()


def lighten_imports() -> None:
    """Put off the modules that programs of the lab import and mostly don't use."""
    for name in SELDOM_USED:
        postpone(name)
    postpone("urllib.parse", called="quote_from_bytes")
    # What stands in annotations only can be anything.
    names: dict[str, Any] = dict.fromkeys("Any BinaryIO IO NoReturn TYPE_CHECKING".split())
    postpone("typing", NamedTuple=NamedTuple, **names)
    try:
        postpone("json", loads=json_reader(), dumps=json_writer())
    except (ImportError, TypeError):
        return  # another Python than CPython, or a newer one: then it is the whole package


def json_reader() -> Any:
    """Return json.loads made of the parser in C alone, which is what the package calls."""
    from _json import make_scanner

    class Context:
        strict = True
        object_hook = object_pairs_hook = array_hook = None
        parse_float, parse_int, parse_constant = float, int, float

    scan: Any = make_scanner(Context)  # type: ignore[arg-type]

    def loads(text: str | bytes) -> Any:
        words = text if isinstance(text, str) else text.decode("utf-8", "surrogatepass")
        try:
            value, end = scan(words, 0)
            whole = not words[end:].strip(" \t\n\r")
        except StopIteration:
            whole = False
        if whole:
            return value
        from json import decoder  # which also takes blanks in front, and says what is wrong

        return decoder.JSONDecoder().decode(words)

    return loads


def json_writer() -> Any:
    """Return json.dumps made of the encoder in C alone."""
    from _json import encode_basestring, encode_basestring_ascii, make_encoder

    def refuse(value: object) -> Any:
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")

    def dumps(
        value: object, *, ensure_ascii: bool = True, separators: tuple[str, str] = (", ", ": ")
    ) -> str:
        string = encode_basestring_ascii if ensure_ascii else encode_basestring
        between, behind_key = separators
        encode = make_encoder(
            None, refuse, string, None, behind_key, between, False, False, True
        )  # fmt: skip
        return "".join(encode(value, 0))

    dumps("")
    return dumps


class _Fields(type):
    """Makes a named tuple of a class body, as typing does."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, body)
        from collections import namedtuple

        fields = list(body.pop("__annotations__", {}))
        defaults = [body.pop(field) for field in fields if field in body]
        made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])  # type: ignore
        for attribute, value in body.items():
            if attribute not in ("__module__", "__qualname__", "__classcell__"):
                setattr(made, attribute, value)
        return made


class NamedTuple(metaclass=_Fields):
    """typing.NamedTuple without typing."""
