"""GRUB from its welcome to `boot`: the menu of grub.cfg, and the prompt where there is none."""

from __future__ import annotations

from collections.abc import Iterator

from chyves_core.lab.bhyve.grub_loaded import GrubLoad
from chyves_core.lab.bhyve.grub_script import IncompleteError, ScriptError, parse_script
from chyves_core.lab.bhyve.grub_shell import BootError, GrubShell, LeaveError, MenuEntry
from chyves_core.lab.bhyve.grub_volumes import GrubError


class Grub:
    """A loader at work: `lines` are what is typed at its console."""

    def __init__(self, shell: GrubShell, lines: Iterator[str], config: str) -> None:
        self.shell, self.lines, self.config = shell, lines, config

    def serve(self) -> GrubLoad | None:
        """Run until `boot` and return what was loaded, None when GRUB was left otherwise."""
        self.shell.say("Welcome to GRUB!\n")
        try:
            self._run_config()
            if self.shell.menu:
                self._run_menu()
            self._run_prompt()
        except BootError:
            return self.shell.loaded
        except LeaveError:
            pass
        return None

    def _run_config(self) -> None:
        """Run grub.cfg, if there is one; that there is none is no error."""
        try:
            text = self.shell.file(self.config) or b""
        except GrubError:
            return
        self._run_text(text.decode("utf-8", "replace"))

    def _run_menu(self) -> None:
        """Boot the default entry, at once where the menu has a timeout, else after Enter."""
        waits = not self.shell.variables.get("timeout", "").isdecimal()
        if waits and next(self.lines, None) is None:
            return
        for wanted in (self.shell.variables.get("default", "0"), self._fallback()):
            entry = choose(self.shell.menu, wanted)
            if entry is not None:
                self._run_entry(entry, wanted)
        self.shell.say("\n  Failed to boot both default and fallback entries.\n")
        self.shell.say("Press any key to continue...")
        # The real loader shows its menu again; a key there, Enter, tries the default once more.
        while next(self.lines, None) is not None:
            entry = choose(self.shell.menu, self.shell.variables.get("default", "0"))
            if entry is not None:
                self._run_entry(entry, "")

    def _fallback(self) -> str:
        return self.shell.variables.get("fallback", "")

    def _run_entry(self, entry: MenuEntry, wanted: str) -> None:
        if entry.is_submenu:
            inner = self._menu_of(entry)
            chosen = choose(inner, wanted.partition(">")[2] or "0")
            if chosen is not None:
                self._run_entry(chosen, wanted.partition(">")[2])
            return
        self.shell.say(f"  Booting `{entry.title}'\n")
        self._run_text(entry.body)
        if self.shell.loaded is not None:
            raise BootError

    def _menu_of(self, entry: MenuEntry) -> list[MenuEntry]:
        outer, self.shell.menu = self.shell.menu, []
        self._run_text(entry.body)
        inner, self.shell.menu = self.shell.menu, outer
        return inner

    def _run_prompt(self) -> None:
        """Run what is typed; an `if` or a menuentry may go over several lines."""
        text = ""
        for line in self.lines:
            text += line + "\n"
            try:
                statements = parse_script(text)
            except IncompleteError:
                continue
            except ScriptError as error:
                self.shell.say(f"error: {error}.")
            else:
                self.shell.run(statements)
            text = ""

    def _run_text(self, text: str) -> None:
        try:
            self.shell.run(parse_script(text))
        except ScriptError as error:
            self.shell.say(f"error: {error}.")


def choose(menu: list[MenuEntry], wanted: str) -> MenuEntry | None:
    """Return the entry that `default` names by number, title or --id.

    None for an empty name, the first entry for one that no entry has.
    """
    wanted = wanted.partition(">")[0]
    if not wanted or not menu:
        return None
    if wanted.isdecimal() and int(wanted) < len(menu):
        return menu[int(wanted)]
    for entry in menu:
        if wanted in (entry.title, entry.identifier):
            return entry
    return menu[0]
