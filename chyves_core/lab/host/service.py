"""service(8): run the scripts of /etc/rc.d and /usr/local/etc/rc.d.

The scripts run in the machine's own sh; `. /etc/rc.subr` in them means rc.subr of this folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.sysrc import read_settings

USAGE = """\
usage: service [-j <jail name or id>] -e
service [-j <jail name or id>] -R
service [-j <jail name or id>] [-v] -l | -r
service [-j <jail name or id>] [-v] [-E var=value] ... <rc.d script> start|stop|etc.
service -h

-j\tPerform actions within the named jail
-E\tSet environment variable before executing the rc.d script
-e\tShow services that are enabled
-R\tStop and start enabled /usr/local/etc/rc.d services
-l\tList all scripts in /etc/rc.d and /usr/local/etc/rc.d
-r\tShow the results of boot time rcorder
-v\tVerbose
"""

NOT_FOUND = """\
{name} does not exist in /etc/rc.d or the local startup
directories (/usr/local/etc/rc.d), or is not executable"""

FOLDERS = ("/etc/rc.d", "/usr/local/etc/rc.d")


def main(arguments: list[str], lab: Lab) -> int:
    """Run one script with its words, or list the scripts."""
    try:
        options, words = parse_options(arguments, "dE:ehj:lrRv")
    except BadOption as bad:
        print(f"service: {bad}\n{USAGE}", file=sys.stderr)
        return 1
    flags = {letter for letter, _ in options}
    if flags & {"l", "r", "e"}:
        _list(lab, enabled_only="e" in flags)
        return 0
    if len(words) < 2:
        print(USAGE, file=sys.stderr)
        return 1
    script = _find(lab, words[0])
    if script is None:
        print(NOT_FOUND.format(name=words[0]), file=sys.stderr)
        return 1
    variables = [value for letter, value in options if letter == "E"]
    return _run(lab, script, words[1:], variables)


def _list(lab: Lab, *, enabled_only: bool) -> None:
    settings = read_settings(lab.path("/etc/rc.conf"))
    for folder in FOLDERS:
        place = lab.path(folder)
        for script in sorted(place.iterdir()) if place.is_dir() else []:
            enabled = settings.get(f"{script.name}_enable", "NO").upper() == "YES"
            if enabled or not enabled_only:
                print(f"{folder}/{script.name}" if enabled_only else script.name)


def _find(lab: Lab, name: str) -> Path | None:
    for folder in FOLDERS:
        script = lab.path(folder) / name
        if "/" not in name and script.is_file() and os.access(script, os.X_OK):
            return script
    return None


def _run(lab: Lab, script: Path, words: list[str], variables: list[str]) -> int:
    """Run the script with the lab's rc.subr in the place of the host's."""
    subroutines = Path(__file__).with_name("rc.subr")
    text = script.read_text().replace("/etc/rc.subr", str(subroutines))
    environment = dict(os.environ) | dict(pair.split("=", 1) for pair in variables if "=" in pair)
    with tempfile.NamedTemporaryFile("w", prefix=f"{script.name}.", dir=lab.run) as copy:
        copy.write(text)
        copy.flush()
        sys.stdout.flush()
        command = ["/bin/sh", copy.name, *words]
        status = subprocess.run(command, env=environment, check=False).returncode
    return status if status >= 0 else 128 - status
