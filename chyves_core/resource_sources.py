"""What an import is given: a URL or a path, and the name that the resource gets from it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from chyves_core.errors import UsageError
from chyves_core.resources import NAME, check_name
from chyves_core.unpacking import compression

SCHEMES = ("http", "https", "ftp")
# Old pools take values of at most 1024 bytes.
LONGEST_VALUE = 1000


@dataclass(frozen=True)
class Source:
    """A file to import.

    `location` is the URL or the absolute path, `file_name` its last part, `ending` the one it is
    compressed by, `shown` what may be kept and shown of the location.
    """

    location: str
    is_url: bool
    file_name: str
    ending: str
    shown: str

    @property
    def plain_name(self) -> str:
        """The file's name without the ending by which it is compressed."""
        return self.file_name[: len(self.file_name) - len(self.ending)]


def read_source(text: str) -> Source:
    """Return the file that a word of the command line means; raises UsageError."""
    scheme, separator, rest = text.partition("://")
    if not text.strip():
        raise UsageError("there is no file to import in an empty word")
    if not separator or not re.fullmatch("[A-Za-z][A-Za-z0-9+.-]*", scheme):
        path = os.path.abspath(os.path.expanduser(text))
        name = os.path.basename(path)
        return Source(path, False, name, compression(name), keepable(path))
    if scheme.lower() not in SCHEMES:
        raise UsageError(f"{text}: URLs are taken with {', '.join(SCHEMES)}")
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise UsageError(f"{text!r}: a URL has no blanks in it", "write them as %20")
    name = url_file_name(rest)
    return Source(text, True, name, compression(name), keepable(without_password(scheme, rest)))


def url_file_name(rest: str) -> str:
    """Return the last part of a URL's path, decoded; `rest` is what follows `://`."""
    from urllib.parse import unquote

    path = rest.partition("#")[0].partition("?")[0]
    return unquote(path.partition("/")[2].rpartition("/")[2])


def without_password(scheme: str, rest: str) -> str:
    """Return a URL without the user and password that it may hold: the source is shown to all."""
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def keepable(text: str) -> str:
    """Return a location as it can be kept in a property: one line, not too long."""
    one_line = "".join(char if char.isprintable() else "?" for char in text)
    return one_line.encode(errors="replace")[:LONGEST_VALUE].decode(errors="ignore")


def resource_name(source: Source, chosen: str | None, longest: int) -> str:
    """Return the name of the new resource: the chosen one, or the file's name.

    Characters of a file's name that no resource can have become `_`. Raises UsageError where
    that makes no name.
    """
    if chosen is not None:
        check_name(chosen, longest)
        return chosen
    name = re.sub("[^A-Za-z0-9_.:-]", "_", source.plain_name)
    if not NAME.fullmatch(name) or len(name) > longest:
        why = "is too long for" if len(name) > longest else "makes no"
        raise UsageError(f"{source.file_name!r} {why} a resource's name", "choose one with --name")
    return name
