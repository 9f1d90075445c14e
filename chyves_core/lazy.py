"""Put off what libraries do when they are imported and what a command almost never uses.

plumbum's import is most of a command's time. It brings urllib.request (with http, email and ssl
behind it) for the one method that turns a path into a URI, logging for what it never logs here,
the archivers behind shutil, and more. Python 3.15 puts such imports off by itself
(`__lazy_modules__` in plumbum's modules names them); this does the same for older ones.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SELDOM_USED = (
    "bz2 glob ipaddress lzma pickle random shutil socket string traceback urllib.request".split()
)


def lighten_imports() -> None:
    """Put off the modules that plumbum and pathlib import and that most commands never use."""
    for name in SELDOM_USED:
        postpone(name)
    postpone("tempfile", called="NamedTemporaryFile TemporaryFile mkdtemp")
    postpone("textwrap", called="TextWrapper")
    postpone("urllib.parse", called="quote_from_bytes")
    postpone("logging", getLogger=LaterLogger, DEBUG=10, INFO=20)
    # plumbum wants the first part of it; platform would run `uname -p` for the last one.
    postpone("platform", uname=os.uname)


def postpone(name: str, *, called: str = "", **ready: Any) -> None:
    """Let `import name` succeed at once; the real module is loaded when it is first used.

    The attributes that are `ready` can be used without it; those that are `called` can be imported
    by their names, and load the module when they are called.
    """
    if name in sys.modules:
        return
    stand_in = ModuleType(name)

    def load(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        from importlib import import_module

        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
        return getattr(import_module(name), attribute)

    def when_called(attribute: str) -> Any:
        return lambda *arguments, **options: load(attribute)(*arguments, **options)

    functions = {attribute: when_called(attribute) for attribute in called.split()}
    stand_in.__dict__.update(ready, __getattr__=load, **functions)
    sys.modules[name] = stand_in
    above, _, last = name.rpartition(".")
    if above:
        setattr(__import__(above), last, stand_in)  # only packages at the top have such modules


class LaterLogger:
    """What logging.getLogger(name) returns, made when something is logged."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, attribute: str) -> Any:
        from logging import root  # with it the real module takes the place of its stand-in

        return getattr(root.manager.getLogger(self.name), attribute)
