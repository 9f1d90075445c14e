"""What every check of a value needs: the refusal, and the match of a whole value."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from configobj.validate import VdtValueError

Read = TypeVar("Read")


class Wrong(VdtValueError):  # type: ignore[misc]
    """A value that a check refuses, with the reason in the user's words."""

    def __init__(self, words_for_user: str) -> None:
        Exception.__init__(self, words_for_user)


def matching(value: str, pattern: str, otherwise: str) -> str:
    """Return the value if the whole of it matches; raises Wrong with the words otherwise."""
    if re.fullmatch(pattern, value, re.ASCII) is None:
        raise Wrong(otherwise)
    return value


def saying(read: Callable[[str], Read], value: str) -> Read:
    """Return what a function reads in a value; what it says against it becomes Wrong."""
    from chyves_core.errors import UsageError

    try:
        return read(value)
    except UsageError as error:
        raise Wrong(error.message) from error
