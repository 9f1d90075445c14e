"""The core of chyves: plans made of plain data, and the one place that carries them out."""

import sys

__version__ = "1.0.0"

# What is below would stop with a traceback; a host's python3 can be an old one.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        f"chyves: Python 3.11 or newer is needed; {sys.executable} is {sys.version.split()[0]}"
    )
