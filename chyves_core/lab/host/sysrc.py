"""sysrc(8): read and write /etc/rc.conf."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options

USAGE = """\
Usage: sysrc [OPTIONS] name[[+|-]=value] ...
Try `sysrc --help' for more information."""

DEFAULTS = {
    "cloned_interfaces": "",
    "gateway_enable": "NO",
    "hostname": "",
    "ifconfig_lo0": "inet 127.0.0.1/8",
    "kld_list": "",
    "local_startup": "/usr/local/etc/rc.d",
    "sshd_enable": "NO",
    "zfs_enable": "NO",
}
"""A few of /etc/defaults/rc.conf."""

LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")


def main(arguments: list[str], lab: Lab) -> int:
    """Show or set each variable; 1 where one of them failed."""
    try:
        options, words = parse_options(arguments, "aAcdDeEf:FhiIj:lLnNqR:s:vx")
    except BadOption as bad:
        print(f"sysrc: {bad}\n{USAGE}", file=sys.stderr)
        return 1
    flags = {letter for letter, _ in options}
    files = [value for letter, value in options if letter == "f"]
    # sysrc(8): RC_CONFS stands for rc.conf's own list of files, -f for both.
    file = lab.path(files[-1] if files else os.environ.get("RC_CONFS") or "/etc/rc.conf")
    settings = read_settings(file)
    if "a" in flags:
        words = sorted(settings)
    if not words:
        print(USAGE, file=sys.stderr)
        return 1
    known = settings if files else {**DEFAULTS, **settings}
    return max(_handle(lab, file, word, known, flags) for word in words) if words else 0


def read_settings(file: Path) -> dict[str, str]:
    """Return the variables of a file of sh assignments, the last one of a name counting."""
    settings: dict[str, str] = {}
    try:
        text = file.read_text()
    except FileNotFoundError:
        return settings
    for line in text.splitlines():
        found = LINE.fullmatch(line)
        if found:
            settings[found[1]] = _unquote(found[2])
    return settings


def _unquote(text: str) -> str:
    """Return what sh makes of the right side of an assignment without substitutions."""
    found = re.match(r'"((?:[^"\\]|\\.)*)"|\'([^\']*)\'|([^\s#;]*)', text)
    if not found:
        return ""
    if found[1] is not None:
        return re.sub(r'\\(["\\$`])', r"\1", found[1])
    return found[2] if found[2] is not None else found[3]


def _handle(lab: Lab, file: Path, word: str, known: dict[str, str], flags: set[str]) -> int:
    found = re.fullmatch(r"([A-Za-z_][A-Za-z0-9_]*)(?:([+-]?)=(.*))?", word, re.DOTALL)
    if not found:
        print(f"sysrc: {word.partition('=')[0]}: name contains characters not allowed in shell",
              file=sys.stderr)  # fmt: skip
        return 1
    name, sign, value = found[1], found[2], found[3]
    if "x" in flags:
        return _remove(lab, file, name, known, flags)
    if value is None:
        return _show(name, known, flags)
    before = known.get(name, "")
    if sign:
        value = _edit_list(before, value, adding=sign == "+")
    if "c" in flags:
        return 0 if name in known and before == value else 1
    return _set(lab, file, name, before, value, flags)


def _show(name: str, known: dict[str, str], flags: set[str]) -> int:
    if name not in known:
        if "i" not in flags and "q" not in flags and "c" not in flags:
            print(f"sysrc: unknown variable '{name}'", file=sys.stderr)
        return 0 if "i" in flags and "c" not in flags else 1
    if "c" in flags:
        return 0
    if "N" in flags:
        print(name)
    elif "n" in flags:
        print(known[name])
    else:
        print(f'{name}="{known[name]}"' if "e" in flags else f"{name}: {known[name]}")
    return 0


def _edit_list(before: str, value: str, *, adding: bool) -> str:
    """Return a list with words added or taken out; its first character may be the separator."""
    separator = " "
    if value and not value[0].isalnum() and value[0] not in "_/.-":
        separator, value = value[0], value[1:]
    words = [word for word in before.split(separator) if word]
    for word in value.split(separator):
        if adding and word not in words:
            words.append(word)
        elif not adding and word in words:
            words.remove(word)
    return separator.join(words)


def _set(lab: Lab, file: Path, name: str, before: str, value: str, flags: set[str]) -> int:
    escaped = re.sub(r'(["\\$`])', r"\\\1", value)
    if not _rewrite(lab, file, name, f'{name}="{escaped}"'):
        return 1
    if "q" not in flags:
        print(f"{before} -> {value}" if "n" in flags else f"{name}: {before} -> {value}")
    return 0


def _remove(lab: Lab, file: Path, name: str, known: dict[str, str], flags: set[str]) -> int:
    if name not in read_settings(file):
        if "i" not in flags:
            print(f"sysrc: unknown variable '{name}'", file=sys.stderr)
        return 0 if "i" in flags else 1
    return 0 if _rewrite(lab, file, name, None) else 1


def _rewrite(lab: Lab, file: Path, name: str, line: str | None) -> bool:
    """Put `line` in the place of the variable's assignments, or at the end; None removes them."""
    if not lab.is_root:
        print(f"sysrc: cannot create {_host_path(lab, file)}: Permission denied", file=sys.stderr)
        return False
    with lab.lock("rc.conf"):
        lines = file.read_text().splitlines() if file.exists() else []
        kept: list[str] = []
        for each in lines:
            found = LINE.fullmatch(each)
            if found is None or found[1] != name:
                kept.append(each)
            elif line is not None:
                kept.append(line)
                line = None
        if line is not None:
            kept.append(line)
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        draft.write_text("".join(f"{each}\n" for each in kept))
        os.replace(draft, file)
    return True


def _host_path(lab: Lab, file: Path) -> str:
    text = str(file)
    root = str(lab.root)
    return text[len(root) :] if text.startswith(f"{root}/") else text
