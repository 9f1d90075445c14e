"""Run GRUB commands: those that find, load and boot a kernel; what is for looks is ignored."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from chyves_core.lab.bhyve.grub_conditions import holds, search
from chyves_core.lab.bhyve.grub_loaded import GrubLoad, read_grub_file
from chyves_core.lab.bhyve.grub_script import Command, For, If, Statement, expand, parse_script
from chyves_core.lab.bhyve.grub_volumes import GrubError

NOTHING_TO_DO = frozenset(
    "insmod rmmod terminal_input terminal_output terminal serial loadfont export load_env "
    "save_env background_color background_image color gfxmode clear sleep play recordfail "
    "set_background_image load_video cat ls".split()
)


class MenuEntry(NamedTuple):
    """A line of the boot menu; a submenu's body is a menu of its own."""

    title: str
    identifier: str
    body: str
    is_submenu: bool


class BootError(Exception):
    """The command `boot` was run: the loader is done."""


class LeaveError(Exception):
    """exit, reboot or halt was run."""


class GrubShell:
    """GRUB's memory and commands.

    `devices` maps hd0, cd0, … to images of this machine. With `believes`, a file on a disk that
    cannot be read is taken as there: a guest that is only played installs nothing.
    `loaded` is what linux and its like have put into memory.
    """

    def __init__(
        self,
        devices: dict[str, Path],
        say: Callable[[str], None],
        *,
        root: str,
        prefix: str,
        adds_console: bool,
        believes: bool,
    ) -> None:
        self.devices, self.say = devices, say
        self.adds_console, self.believes = adds_console, believes
        self.variables = {"root": root, "prefix": prefix}
        self.functions: dict[str, str] = {}
        self.menu: list[MenuEntry] = []
        self.loaded: GrubLoad | None = None

    def run(self, statements: list[Statement]) -> bool:
        """Run statements and return whether the last one went well; errors are said."""
        went_well = True
        for statement in statements:
            if isinstance(statement, Command):
                went_well = self._run_command(statement)
            elif isinstance(statement, If):
                went_well = self._run_if(statement)
            else:
                went_well = self._run_for(statement)
        return went_well

    def _run_if(self, statement: If) -> bool:
        for condition, body in statement.branches:
            if not condition or self.run(condition):
                return self.run(body)
        return True

    def _run_for(self, statement: For) -> bool:
        went_well = True
        for word in self._expanded(statement.words):
            self.variables[statement.variable] = word
            went_well = self.run(statement.body)
        return went_well

    def _expanded(self, words: list[str]) -> list[str]:
        return [piece for word in words for piece in expand(word, self.variables)]

    def _run_command(self, command: Command) -> bool:
        words = self._expanded(command.words)
        if not words:
            return True
        name, arguments = words[0], words[1:]
        if command.body is not None:
            self._define(name, arguments, command.body)
            return True
        try:
            return self._call(name, arguments)
        except GrubError as error:
            self.say(f"error: {error}.")
            return False

    def _define(self, name: str, arguments: list[str], body: str) -> None:
        if name == "function":
            self.functions[arguments[0]] = body
            return
        title = arguments[0] if arguments else ""
        identifier = ""
        for option, value in pairwise(arguments):
            if option == "--id":
                identifier = value
        self.menu.append(MenuEntry(title, identifier, body, name == "submenu"))

    def _call(self, name: str, arguments: list[str]) -> bool:
        if name in self.functions:
            return self.run(parse_script(self.functions[name]))
        assigned = re.fullmatch(r"(\w+)=(.*)", name, re.S)
        if assigned:
            return self._set([name])
        if name in NOTHING_TO_DO:
            return True
        method = COMMANDS.get(name)
        if method is None:
            raise GrubError(f"can't find command `{name}'")
        return method(self, arguments)

    def full_name(self, path: str) -> str:
        """Return the path with its device, `(hd0,1)/boot/vmlinuz`."""
        if path.startswith("("):
            return path
        return f"({self.variables['root']}){path}"

    def file(self, path: str) -> bytes | None:
        """Return a file's content, None where it is believed to be there; raises GrubError."""
        try:
            return read_grub_file(self.devices, self.full_name(path))
        except GrubError as error:
            unreadable = str(error) in ("unknown filesystem", "no such partition")
            if self.believes and unreadable:
                return None
            raise

    def _set(self, arguments: list[str]) -> bool:
        for word in arguments:
            name, equals, value = word.partition("=")
            if equals:
                if name == "root" and value.startswith("(") and value.endswith(")"):
                    value = value[1:-1]
                self.variables[name] = value
        return True

    def _unset(self, arguments: list[str]) -> bool:
        for name in arguments:
            self.variables.pop(name, None)
        return True

    def _echo(self, arguments: list[str]) -> bool:
        self.say(" ".join(word for word in arguments if word not in ("-n", "-e")))
        return True

    def _test(self, arguments: list[str]) -> bool:
        """test and [: see grub_conditions."""
        words = arguments[:-1] if arguments[-1:] == ["]"] else arguments
        return holds(words, self._readable)

    def _readable(self, path: str) -> bytes | None:
        try:
            return read_grub_file(self.devices, self.full_name(path))
        except GrubError:
            return None

    def _search(self, arguments: list[str]) -> bool:
        """Find a volume, and name it in a variable with --set."""
        found, variable = search(self.devices, arguments)
        if variable:
            self.variables[variable] = found
        else:
            self.say(f" {found}")
        return True

    def _linux(self, arguments: list[str]) -> bool:
        if not arguments:
            raise GrubError("filename expected")
        kernel = self.file(arguments[0])
        if kernel is not None:
            _check_kernel(kernel)
        words = [f"BOOT_IMAGE={arguments[0]}", *arguments[1:]]
        # grub-bhyve, loader/i386/linux.c: put first so that a later console= wins.
        if self.adds_console and not any(w.startswith("console=ttyS0") for w in arguments):
            words.insert(0, "console=ttyS0")
        self._load("linux", arguments[0], " ".join(_quoted(word) for word in words))
        return True

    def _bsd(self, kind: str) -> Callable[[list[str]], bool]:
        def load(arguments: list[str]) -> bool:
            """kopenbsd, knetbsd, kfreebsd: the kernel is the first word that is no option."""
            words = list(arguments)
            while words and words[0].startswith("-"):
                takes_value = words[0] in ("-h", "-r", "--serial", "--root")
                del words[: 2 if takes_value else 1]
            if not words:
                raise GrubError("filename expected")
            self.file(words[0])
            self._load(kind, words[0], " ".join(arguments))
            return True

        return load

    def _load(self, kind: str, kernel: str, command_line: str) -> None:
        self.loaded = {
            "by": "grub-bhyve",
            "kind": kind,
            "kernel": self.full_name(kernel),
            "initrd": [],
            "command_line": command_line,
            "devices": {name: str(image) for name, image in self.devices.items()},
        }

    def _initrd(self, arguments: list[str]) -> bool:
        if not arguments:
            raise GrubError("filename expected")
        if self.loaded is None:
            raise GrubError("you need to load the kernel first")
        for path in arguments:
            self.file(path)
        self.loaded["initrd"] = [self.full_name(path) for path in arguments]
        return True

    def _boot(self, arguments: list[str]) -> bool:
        if self.loaded is None:
            raise GrubError("you need to load the kernel first")
        raise BootError

    def _leave(self, arguments: list[str]) -> bool:
        raise LeaveError

    def _configfile(self, arguments: list[str]) -> bool:
        """Run another file; configfile begins a new menu, source adds to this one."""
        if not arguments:
            raise GrubError("filename expected")
        text = self.file(arguments[0]) or b""
        return self.run(parse_script(text.decode("utf-8", "replace")))


def _check_kernel(kernel: bytes) -> None:
    """Refuse what is no Linux kernel, as grub_cmd_linux does."""
    if len(kernel) < 0x208 or struct.unpack_from("<H", kernel, 0x1FE)[0] != 0xAA55:
        raise GrubError("invalid magic number")
    if kernel[0x202:0x206] != b"HdrS":
        raise GrubError("version too old for 32-bit boot")


def _quoted(word: str) -> str:
    """Return a word of the kernel's command line; one with blanks stands in quotes."""
    return f'"{word}"' if " " in word else word


COMMANDS: dict[str, Callable[[GrubShell, list[str]], bool]] = {
    "set": GrubShell._set,
    "unset": GrubShell._unset,
    "echo": GrubShell._echo,
    "test": GrubShell._test,
    "[": GrubShell._test,
    "true": lambda shell, arguments: True,
    "false": lambda shell, arguments: False,
    "linux": GrubShell._linux,
    "linux16": GrubShell._linux,
    "linuxefi": GrubShell._linux,
    "initrd": GrubShell._initrd,
    "initrd16": GrubShell._initrd,
    "initrdefi": GrubShell._initrd,
    "kopenbsd": lambda shell, arguments: shell._bsd("kopenbsd")(arguments),
    "knetbsd": lambda shell, arguments: shell._bsd("knetbsd")(arguments),
    "kfreebsd": lambda shell, arguments: shell._bsd("kfreebsd")(arguments),
    "boot": GrubShell._boot,
    "configfile": GrubShell._configfile,
    "source": GrubShell._configfile,
    ".": GrubShell._configfile,
    "search": GrubShell._search,
    "exit": GrubShell._leave,
    "reboot": GrubShell._leave,
    "halt": GrubShell._leave,
}
