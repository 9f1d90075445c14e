"""The usage texts of zfs and zpool, as the host prints them (texts/, taken from captures)."""

from __future__ import annotations

from chyves_core.lab.zfs.properties import TEXTS

LISTS_PROPERTIES = ("get", "list", "set", "inherit")
SEE_ALSO = (
    "\nFor the property list, run: zfs set|get\n"
    "\nFor the delegated permission list, run: zfs allow|unallow"
)


def command_lines(program: str, command: str) -> str:
    """Return the lines of the general usage that tell of one command."""
    lines: list[str] = []
    inside = False
    for line in (TEXTS / f"{program}.txt").read_text().splitlines():
        if line.startswith("\t") and not line.startswith("\t "):
            inside = line.split()[0] == command
        elif not line.startswith("\t"):
            inside = False
        if inside:
            lines.append(line)
    return "\n".join(lines)


def zfs_usage(command: str) -> str:
    """Return what `zfs COMMAND` prints after an error in its command line."""
    text = f"usage:\n{command_lines('zfs', command)}\n"
    if command in LISTS_PROPERTIES:
        return f"{text}\n{(TEXTS / 'properties.txt').read_text().rstrip(chr(10))}"
    return text + SEE_ALSO


def zpool_usage(command: str) -> str:
    """Return what `zpool COMMAND` prints after an error in its command line."""
    text = f"usage:\n{command_lines('zpool', command)}\n"
    if command in ("get", "list", "set"):
        return f"{text}\n{(TEXTS / 'pool_properties.txt').read_text().rstrip(chr(10))}"
    return text.rstrip("\n")


def general_usage(program: str) -> str:
    """Return the usage of the whole program."""
    return (TEXTS / f"{program}.txt").read_text().rstrip("\n")
