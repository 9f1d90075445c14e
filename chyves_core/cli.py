"""What every command shares: help from its header, options, errors and exit statuses.

A command is a class with a `main`, and ends with `Start.execute()`.
"""

from __future__ import annotations

import gc

from chyves_core.lazy import lighten_imports

gc.disable()  # until all is loaded: there is nothing to collect
lighten_imports()

import errno  # noqa: E402
import os  # noqa: E402
import re  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable, Iterable, Sized  # noqa: E402
from functools import cached_property  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, NoReturn, TypeVar  # noqa: E402

try:
    from plumbum import cli as cli
    from plumbum.cli.application import ShowHelp
except ModuleNotFoundError as missing:
    sys.exit(
        f"chyves: {sys.executable} has no {missing.name}\n"
        f"        pip install plumbum configobj, or CHYVES_PYTHON=PYTHON chyves ..."
    )

from chyves_core.errors import FAILED, INTERRUPTED, OK, ChyvesError, Refused, UsageError  # noqa: E402
from chyves_core.host import SAYS_ERRORS, SAYS_PROGRAMS, SAYS_PROGRESS, Host  # noqa: E402
from chyves_core.output import Format, silence, tell  # noqa: E402

Item = TypeVar("Item")

# Stands for the word - while options are read; no word of a command line can hold it.
DASH = "\0"

# What a full file system or a broken disk says to the output that was sent there.
OUTPUT_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

# What is cut out of messages: values may have 8191 bytes.
LONG_WORD = r"(\S{150})\S{150,}"


class Command(cli.Application):
    """A command: its header is its help, and errors end it with one line and a status."""

    needs_root = False
    # What a failure ends with; `diff` has another meaning for 1.
    failed_status = FAILED
    # Whether the word - stands for standard input or output; no option may take a value then.
    takes_dash = False
    # Whether it is refused where a pool has a layout from a newer chyves.
    changes_datasets = False
    dry_run = False
    yes = False
    # Whether stdout_level counts; what a command prints for other programs is no talk.
    heeds_level = True
    silent = cli.Flag(["-q", "--quiet"], help="say nothing but errors")
    verbose = cli.Flag(["-v", "--verbose"], help="show each program that is run", overridable=True)

    @cached_property
    def host(self) -> Host:
        """The host that this command works on, with its dry run and how much it says."""
        level = SAYS_PROGRAMS if self.verbose else SAYS_ERRORS if self.silent else None
        return Host(
            dry_run=bool(self.dry_run),
            level=level if level is not None or self.heeds_level else SAYS_PROGRESS,
            changes_datasets=self.changes_datasets and self.needs_root,
        )

    @property
    def quiet(self) -> bool:
        """Whether to say nothing but errors: by -q, or by the global property stdout_level."""
        return bool(self.silent) or self.host.level == SAYS_ERRORS

    @classmethod
    def execute(cls) -> NoReturn:
        """Run the command with the arguments of this process and exit."""
        gc.freeze()  # what is loaded by now stays to the end
        gc.enable()
        sys.exit(run_command(cls, sys.argv))

    # A switch again: plumbum knows -h by the very function, and would go on to run the command.
    @cli.switch(["-h", "--help"], overridable=True)
    def help(self) -> None:
        """Print what the comment lines at the top of the command say."""
        print_help(Path(sys.argv[0]))

    def say(self, text: str) -> None:
        """Tell the user what is done, unless they want to hear of errors only."""
        if not self.quiet:
            tell(text)

    def usage(self, message: str) -> UsageError:
        """Return the error for a wrong command line, with the form that is nearest as its hint."""
        from chyves_core.header import read_header
        from chyves_core.usage import usage_error

        script = Path(sys.argv[0])
        command = script.name.removeprefix("chyves-")
        return usage_error(message, read_header(script), command, sys.argv[1:])

    # plumbum would print such errors to standard output in words of its own.
    def _parse_args(self, argv: list[str]) -> Any:
        if not self.takes_dash:
            return self._as_usage_error(super()._parse_args, argv)
        # plumbum takes - for an option.
        words = [DASH if word == "-" else word for word in argv]
        options, rest = self._as_usage_error(super()._parse_args, words)
        return options, ["-" if word == DASH else word for word in rest]

    def _validate_args(self, *args: Any) -> Any:
        validated = self._as_usage_error(super()._validate_args, *args)
        if self.needs_root:
            # Switches are set only after this point; a dry run needs no rights.
            given = {info.swname for info in args[0].values()}
            check_root(dry_run=bool(given & {"-n", "--dry-run"}))
        return validated

    def _as_usage_error(self, parse: Callable[..., Any], *args: Any) -> Any:
        try:
            return parse(*args)
        except ShowHelp:
            raise
        except cli.SwitchError as error:
            words = str(error).replace("Switch ", "option ").replace("Unknown switch", "no option")
            raise self.usage(words[:1].lower() + words[1:]) from error


Command.unbind_switches("--help-all", "--version", "--completions")


class Changing(Command):
    """A command that changes the host: it can be tried out, and asks before it destroys."""

    needs_root = True
    changes_datasets = True
    dry_run = cli.Flag(["-n", "--dry-run"], help="print the host's commands, run none")
    yes = cli.Flag(["-y", "--yes"], help="ask no questions")

    def confirm(self, question: str) -> None:
        """Ask before something is lost; raises Refused where no one can answer, or on a no."""
        if self.yes or self.dry_run:
            return
        if not at_terminal():
            raise Refused(f"{question} There is no terminal to ask on", "the same with --yes")
        try:
            answer = input(f"{question} [y/N] ")
        except EOFError:
            print()
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            raise Refused("nothing was changed")


class Listing(Command):
    """A command that lists, as zfs(8) users expect it."""

    no_header = cli.Flag(["-H"], help="no header, columns separated by tabs")
    exact = cli.Flag(["-p"], help="exact numbers", overridable=True)
    columns = cli.SwitchAttr(["-o"], str, argname="COL,...", help="the columns to print")
    json = cli.Flag(["--json"], help="JSON")

    @property
    def format(self) -> Format:
        """How the list is to be printed."""
        columns = tuple(self.columns.split(",")) if self.columns else ()
        return Format(bool(self.no_header), bool(self.exact), columns, bool(self.json))

    def say_none(self, found: Sized, what: str) -> None:
        """Say on standard error that a list for people has nothing in it, as zfs list does."""
        if not (found or self.no_header or self.json or self.quiet):
            print(f"no {what}", file=sys.stderr)


def at_terminal() -> bool:
    """Return whether there is somebody who can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def check_root(*, dry_run: bool) -> None:
    """Raise ChyvesError where this user can't change the host; a dry run needs no rights."""
    if not dry_run and not Host().is_root:
        raise ChyvesError("must be root", "the same with -n shows what would be done")


def run_command(command: type[Command], argv: list[str]) -> int:
    """Run a command and return its exit status; errors are told on standard error."""
    open_streams()
    try:
        _, status = command.run(argv, exit=False)
        sys.stdout.flush()
        return int(status)
    except ChyvesError as error:
        report(error)
        return command.failed_status if error.status == FAILED else error.status
    except KeyboardInterrupt:
        tell("chyves: interrupted", sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        silence(sys.stdout)
        return command.failed_status
    except Exception as error:
        if os.environ.get("CHYVES_DEBUG") == "1":
            raise
        report(unforeseen(error))
        return command.failed_status


def unforeseen(error: Exception) -> ChyvesError:
    """Return what is told of an error that no command knows: an output that is full, or a bug."""
    if isinstance(error, OSError) and error.errno in OUTPUT_ERRORS and error.filename is None:
        silence(sys.stdout)
        return ChyvesError(f"what is printed can't be written: {error.strerror}")
    where = f"{type(error).__name__}: {error}".strip()
    return ChyvesError(f"internal error, {where}", "CHYVES_DEBUG=1 shows where")


def open_streams() -> None:
    """Let any byte pass the standard streams; what the caller closed gets /dev/null.

    The next file that is opened would be taken for it otherwise.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]


def report(error: ChyvesError, guest: str | None = None) -> None:
    """Print an error as commands.md lays it down: one line, and one that helps."""
    name = f"{guest}: " if guest and not error.message.startswith(f"{guest}:") else ""
    tell(f"chyves: {one_line(name + error.message)}", sys.stderr)
    if error.hint:
        tell(f"        {one_line(error.hint)}", sys.stderr)


def one_line(text: str) -> str:
    """Return a message that may quote anything as one line that no terminal obeys."""
    from chyves_core.output import escape

    return re.sub(LONG_WORD, r"\1...", escape(text))


def for_each(
    items: Iterable[Item], name: Callable[[Item], str], action: Callable[[Item], object]
) -> int:
    """Do the action for every item, report each failure under its name, return the worst status."""
    worst = OK
    for item in items:
        try:
            action(item)
        except ChyvesError as error:
            report(error, name(item))
            worst = max(worst, error.status)
    return worst


def print_help(script: Path) -> None:
    """Print a command's header: summary, usage, long help."""
    from chyves_core.header import read_header

    header = read_header(script)
    print(header.summary)
    for number, line in enumerate(header.usage):
        print(f"{'usage:' if number == 0 else '      '} {line}")
    text = "\n".join(header.text).strip("\n")
    if text:
        print(f"\n{text}")
