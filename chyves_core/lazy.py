"""Put off what a library does when it is imported and what a command almost never uses.

plumbum imports urllib.request (with http, email and ssl behind it) for the one method that turns
a path into a URI. That alone is a third of the time that the import of plumbum takes. shutil, which
it needs, imports bz2 and lzma for archives; its other machines want socket, pickle and tempfile.
"""

from __future__ import annotations

import importlib
import platform
import sys
from types import ModuleType
from typing import Any


def postpone(name: str) -> None:
    """Let `import name` succeed at once; the real module is loaded when it is first used."""
    if name in sys.modules:
        return
    stand_in = ModuleType(name)

    def load(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
        return getattr(importlib.import_module(name), attribute)

    stand_in.__getattr__ = load  # type: ignore[method-assign]
    sys.modules[name] = stand_in


def forget_processor() -> None:
    """Keep the import of plumbum from starting `uname -p`.

    It takes the first part of platform.uname(), and Python then runs that program for the last.
    """
    platform.uname().processor = ""  # type: ignore[misc]
